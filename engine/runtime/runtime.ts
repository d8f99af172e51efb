/** What a runtime gives the engine: sessions for graphs, tensors, attention. Free of Node and DOM. */
import type { Tensor } from 'onnxruntime-common';
import type { Attention } from '../attention/attention.ts';

export interface GraphSession {
  run(feeds: Record<string, Tensor>): Promise<Record<string, Tensor>>;
  close(): Promise<void>;
}

export interface Runtime {
  /** As shown to people: "cpu (2 threads)". */
  readonly name: string;
  /** Bytes of memory that can be taken now without pushing others out, as far as the system tells. */
  availableBytes(): number;
  /**
   * A session for an encoded graph. `dataFolder` is where its external data files lie, if it has any.
   * Rejects with the provider's own error when the graph can't be run.
   */
  createSession(model: Uint8Array, dataFolder?: string): Promise<GraphSession>;
  /** A tensor over memory that the caller keeps; float16 as bits. */
  tensor(type: 'float32', data: Float32Array, dimensions: readonly number[]): Tensor;
  tensor(type: 'float16', data: Uint16Array, dimensions: readonly number[]): Tensor;
  tensor(type: 'int64', data: BigInt64Array, dimensions: readonly number[]): Tensor;
  createAttention(): Attention;
}

export type { Tensor };
