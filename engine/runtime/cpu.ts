/** The CPU runtime: onnxruntime-node's native provider. */

import { availableParallelism } from 'node:os';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { CpuAttention } from '../backends/cpu/attention.ts';
import { CpuLayers } from '../backends/cpu/layers.ts';
import { availableMemoryBytes } from './available-memory.ts';
import type { GraphSession, Runtime } from './runtime.ts';

/**
 * onnxruntime-common decides once, at the first tensor, whether float16 is a Float16Array; the native binding of 1.30
 * knows only Uint16Array and takes anything else for empty. So the first tensor is made while the class is out of sight.
 */
function settleFloat16AsBits(): void {
  const scope: { Float16Array?: unknown } = globalThis;
  const hidden = scope.Float16Array;
  delete scope.Float16Array;
  new Tensor('float32', new Float32Array(1), [1]);
  if (hidden !== undefined) scope.Float16Array = hidden;
}

let settled = false;

export interface CpuRuntimeOptions {
  /** Threads of one operator; as many as there are cores when left out. */
  readonly threads?: number;
}

export function createCpuRuntime(options: CpuRuntimeOptions = {}): Runtime {
  if (!settled) settleFloat16AsBits();
  settled = true;
  const threads = options.threads ?? availableParallelism();
  const runtime: Runtime = {
    name: `cpu (${threads} threads)`,
    availableBytes: availableMemoryBytes,
    createSession: (model, external) => createSession(model, threads, external?.folder),
    tensor: (
      type: 'float32' | 'float16' | 'int8' | 'int32' | 'int64',
      data: Float32Array | Uint16Array | Int8Array | Int32Array | BigInt64Array,
      dimensions: readonly number[],
    ) => new Tensor(type, data as Float32Array, dimensions),
    largestBufferBytes: Number.POSITIVE_INFINITY,
    grafts: true,
    packs: true,
    createLayers: (cut, tables) => new CpuLayers(cut.attention, tables, runtime, new CpuAttention(runtime)),
  };
  return runtime;
}

async function createSession(model: Uint8Array, threads: number, dataFolder?: string): Promise<GraphSession> {
  const session = await InferenceSession.create(model, {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    enableCpuMemArena: false, // A session keeps what its arena once grew to: of thirty sessions more than the weights take.
    enableMemPattern: false, // Patterns are kept a set of input shapes, and ours never repeat.
    extra: {
      session: {
        // Each session has its own threads; left spinning after a run they would take the cores from the next session.
        force_spinning_stop: '1',
        ...(dataFolder ? { model_external_initializers_file_folder_path: dataFolder } : {}),
      },
    },
  });
  return { run: (feeds) => session.run(feeds), close: () => session.release() };
}
