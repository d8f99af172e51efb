/**
 * Attention as a fold over spans. For each span a partial result (o, lse): the softmax-weighted values of the span alone
 * and the log of its sum of exponentials; partial results of any spans, in any order, merge exactly by their
 * log-sum-exps (pod.md, "Output"). A backend computes that; it knows nothing of plans, layers or windows.
 */
import type { Span } from './spans.ts';

export interface AttentionShape {
  readonly queryHeads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly scale: number;
  /** 0: none; otherwise scores become softcap · tanh(score / softcap). */
  readonly softcap: number;
  /** Tokens that a row sees, itself included; 0: all before it. */
  readonly window: number;
}

export interface AttentionRequest {
  readonly shape: AttentionShape;
  /** [query heads, rows, head size]; the query heads of a KV head lie next to each other. */
  readonly queries: Float32Array;
  readonly rows: number;
  /** Position of the first row; row r sees the tokens up to `firstPosition + r`. */
  readonly firstPosition: number;
  /** The spans of each KV head, in any order; none crosses `firstPosition`. */
  readonly spans: readonly (readonly Span[])[];
}

/** How much attention each token got: summed over rows and query heads, each weighted by its own peak. */
export interface AttentionMass {
  /** One weight a token from 0 on. */
  readonly mass: Float64Array;
  /** For each KV head whether it counts; all do where left out. */
  readonly heads?: readonly boolean[] | undefined;
}

/** A run of tokens, end exclusive. */
export interface TokenRun {
  readonly start: number;
  readonly end: number;
}

/** How much attention runs of tokens get from some rows and query heads of one KV head: the softmax's shares, summed over all three. */
export interface AttentionSums {
  /** KV head. */
  readonly head: number;
  /** Of the query heads that share it, from 0. */
  readonly queryHeads: readonly number[];
  readonly rows: readonly number[];
  /** Ascending; none overlaps another. */
  readonly runs: readonly TokenRun[];
  /** One a run; what is found is added. */
  readonly sums: Float64Array;
}

export interface Attention {
  /** [query heads, rows, head size], in an array of the callee's that the caller may keep. */
  attend(request: AttentionRequest): Promise<Float32Array>;
  /** Adds to `sums.sums`; memory goes with the runs, not with the tokens. */
  addSums(request: AttentionRequest, sums: AttentionSums): Promise<void>;
  /** As `attend`, and adds to `mass.mass` for each token below its length. */
  attendWithMass(request: AttentionRequest, mass: AttentionMass, sinks: number): Promise<Float32Array>;
  close(): Promise<void>;
}
