/** The WebGPU runtime: onnxruntime-web's sessions and our own kernels on one device. Free of Node and DOM. */
import type { InferenceSession, Tensor as TensorClass, TensorConstructor, TensorFactory } from 'onnxruntime-common';
import type { KernelSources } from '../backends/webgpu/kernels/sources.ts';
import { GpuLayers } from '../backends/webgpu/layers.ts';
import type { Runtime, Tensor } from './runtime.ts';

export interface WebGpuParts {
  readonly ort: {
    readonly InferenceSession: {
      create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
    };
    readonly Tensor: TensorConstructor & TensorFactory;
  };
  /** The device that onnxruntime-web runs on. */
  readonly device: GPUDevice;
  readonly adapterName: string;
  readonly kernels: KernelSources;
  readonly availableBytes: () => number;
  /** Bytes of a file of weights beside the graph. */
  readonly readData: NonNullable<Runtime['readData']>;
}

export function createWebGpuRuntime({
  ort,
  device,
  adapterName,
  kernels,
  availableBytes,
  readData,
}: WebGpuParts): Runtime {
  return {
    name: `webgpu (${adapterName})`,
    availableBytes,
    largestBufferBytes: Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize),
    grafts: false,
    packs: false,
    readData,
    createSession: async (model, external, results = 'device') => {
      const externalData = external?.data ? [{ path: external.data.name, data: external.data.data }] : [];
      const session = await ort.InferenceSession.create(model, {
        executionProviders: [results === 'device' ? ({ name: 'webgpu', device } as never) : 'wasm'],
        preferredOutputLocation: results === 'device' ? 'gpu-buffer' : 'cpu',
        graphOptimizationLevel: 'all',
        logSeverityLevel: 3,
        ...(externalData.length > 0 ? { externalData } : {}),
      });
      return { run: (feeds) => session.run(feeds), close: () => session.release() };
    },
    tensor: (
      type: 'float32' | 'float16' | 'int8' | 'int32' | 'int64',
      data: Float32Array | Uint16Array | Int8Array | Int32Array | BigInt64Array,
      dimensions: readonly number[],
    ) => new ort.Tensor(type, data as Float32Array, dimensions) as TensorClass,
    createLayers: (cut, tables) =>
      new GpuLayers({
        device,
        kernels,
        nodes: cut.attention,
        tables,
        logitsName: cut.logits,
        tensorOf: (buffer, dataType, dims): Tensor =>
          ort.Tensor.fromGpuBuffer(buffer as never, { dataType, dims: [...dims] }) as unknown as Tensor,
      }),
  };
}
