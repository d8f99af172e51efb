/**
 * The attention of a whole model as a runtime runs it: takes what the segments project, keeps it in a cache of the
 * runtime's own memory, and gives back what the next segment takes. The decoder knows nothing of where that memory is.
 */

import type { Tensor } from 'onnxruntime-common';
import type { AttentionMass, AttentionSums } from '../attention/attention.ts';
import type { KeyValueCache } from '../cache/key-value-cache.ts';
import type { CacheShape } from '../cache/memory.ts';

/**
 * What is wanted of the last row. 'candidates': logits from which one token is to be chosen; a runtime may leave out all but the
 * highest 64, which are then −∞. 'every row': the logits of all rows, one after the other.
 */
export type Wanted = 'nothing' | 'logits' | 'candidates' | 'every row';

/** Attention sums of one layer; `rows` are those of the step. */
export interface LayerSums extends AttentionSums {
  readonly layer: number;
}

/** One call of the decoder. */
export interface Step<Cache extends KeyValueCache = KeyValueCache> {
  /** Made by `createCache` of the same layers. */
  readonly cache: Cache;
  /** Position of the first of `rows` new tokens. */
  readonly start: number;
  readonly rows: number;
  /** Whether the rows are committed afterwards, and the recent window moves on within them. */
  readonly commit: boolean;
  /** With 'nothing' the last layer only stores its keys and values. */
  readonly want: Wanted;
  /** Gather where the rows look. */
  readonly mass: AttentionMass | undefined;
  /** Only where `AttentionLayers.sums`, in steps that are not committed, and of the last layer where something is wanted. */
  readonly sums: readonly LayerSums[];
}

/** What a segment gave, by name of the tensor. */
export type Results = Readonly<Record<string, Tensor>>;

/** `Cache`: the backend's own, in its own memory; nobody else asks what kind it is. */
export interface AttentionLayers<Cache extends KeyValueCache = KeyValueCache> {
  /** Whether steps may ask for attention sums. */
  readonly sums: boolean;
  createCache(shape: CacheShape): Cache;
  /** Before the first layer of a step. */
  begin(step: Step<Cache>): Promise<void>;
  /** What segment `index` takes beside its own inputs: for the layer behind it, and from the layer in front of it. */
  feeds(index: number, step: Step<Cache>, attention: Tensor | undefined): Record<string, Tensor>;
  /** Puts a layer's keys and values into the cache. */
  append(layer: number, results: Results, step: Step<Cache>): void;
  /** Attention of the rows, as the next segment takes it. */
  attend(layer: number, results: Results, step: Step<Cache>): Promise<Tensor>;
  /** The last row of tensors that have one row a token: only its logits are wanted. */
  lastRow(feeds: Record<string, Tensor>, rows: number): Record<string, Tensor>;
  /** Logits of the rows that the last segment was given, in ordinary memory. */
  logits(results: Results, step: Step<Cache>): Promise<Float32Array>;
  /** After the last layer: puts what was asked for beside the logits where it belongs. */
  end(step: Step<Cache>): Promise<void>;
  /** What a failure in the middle of a step means, where the runtime knows better than its message says. */
  explain(cause: unknown): Promise<unknown>;
  /** Lets go of a tensor that a segment gave and nothing needs any more. */
  release(tensor: Tensor): void;
  close(): Promise<void>;
}
