/** What a runtime gives the engine: sessions for graphs, tensors, attention. Free of Node and DOM. */
import type { Tensor } from 'onnxruntime-common';
import type { CutModel } from '../model/cut.ts';
import type { AttentionLayers } from '../model/layers.ts';
import type { Table } from '../model/table.ts';

export interface GraphSession {
  run(feeds: Record<string, Tensor>): Promise<Record<string, Tensor>>;
  close(): Promise<void>;
}

/** Weights beside the graph: files in a folder, or bytes in memory under a name. */
export interface ExternalData {
  readonly folder: string;
  readonly files: readonly string[];
  readonly data?: { readonly name: string; readonly data: Uint8Array };
}

export interface Runtime {
  /** As shown to people: "cpu (2 threads)". */
  readonly name: string;
  /** Bytes of memory that can be taken now without pushing others out, as far as the system tells. */
  availableBytes(): number;
  /** Largest buffer that a kernel can bind; infinite where tensors lie in ordinary memory. */
  readonly largestBufferBytes: number;
  /**
   * A session for an encoded graph, with the files that hold its external data.
   * Results stay on the device where the runtime has one, unless they are wanted in ordinary memory. Rejects with the
   * provider's own error when the graph can't be run.
   */
  createSession(model: Uint8Array, external?: ExternalData, results?: 'device' | 'memory'): Promise<GraphSession>;
  /** Bytes of a file, where sessions can't open files themselves; to its end where `length` is undefined. */
  readonly readData?: (folder: string, name: string, offset: number, length: number | undefined) => Promise<Uint8Array>;
  /** A tensor over memory that the caller keeps; float16 as bits. */
  tensor(type: 'float32', data: Float32Array, dimensions: readonly number[]): Tensor;
  tensor(type: 'float16', data: Uint16Array, dimensions: readonly number[]): Tensor;
  tensor(type: 'int8', data: Int8Array, dimensions: readonly number[]): Tensor;
  tensor(type: 'int32', data: Int32Array, dimensions: readonly number[]): Tensor;
  tensor(type: 'int64', data: BigInt64Array, dimensions: readonly number[]): Tensor;
  /** Whether segments lay heads apart at their ends for this runtime's attention (`graft.ts`), or give the graph's own tensors. */
  readonly grafts: boolean;
  /** Whether sessions lay matrices out anew, and hold those of f16 as f32 (`resident.ts`). */
  readonly packs: boolean;
  /** The attention of a model, with its rotary caches and norm weights by name. */
  createLayers(cut: CutModel, tables: ReadonlyMap<string, Table>): AttentionLayers;
}

export type { Tensor };
