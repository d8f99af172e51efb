/** Weights that the engine itself reads: rotary caches [positions, half] and norm weights [head size], as f32. */
import type { CacheShape } from '../cache/memory.ts';

export interface Table {
  readonly data: Float32Array;
  /** Elements of a row. */
  readonly width: number;
  /** Rows for texts of at most `upTo` tokens, where a model turns keys of short texts otherwise (LongRoPE); as wide. */
  readonly brief?: { readonly data: Float32Array; readonly upTo: number } | undefined;
}

/** The rows for a text of the length that its cache was made for. All of its keys must be turned alike. */
export function rowsFor({ data, brief }: Table, { expectedTokens }: Pick<CacheShape, 'expectedTokens'>): Float32Array {
  return brief && expectedTokens !== undefined && expectedTokens <= brief.upTo ? brief.data : data;
}
