/** How many tokens are read at once. */

export interface ChunkLimits {
  /** Elements a token of the attention's queries; activations are taken to be up to so many times as wide. */
  readonly width: number;
  /** Largest buffer that the device binds, in bytes; infinite where memory is ordinary memory. */
  readonly largestBufferBytes: number;
  /** Bytes that may be taken, and what a chunk of so many tokens takes of them, besides cache and what any chunk takes. */
  readonly availableBytes: number;
  readonly scratchBytes: (chunkTokens: number) => number;
}

/** Width from which on a model counts as wide. */
const WIDE = 512;
/** Feed-forward layers are up to so many times as wide as the attention. */
const WIDEST = 8;
const FLOAT_BYTES = 4;
const LEAST_TOKENS = 64;
/** Share of the memory at hand that a chunk may take for itself. */
const MOST_SHARE = 0.25;

/**
 * In a narrow model the activations of 256 rows stay in the processor's second-level cache; in a wide one the matrix products
 * gain more from 512 rows than the cache gives (both measured, `npm run bench`), and a graphics card wants many rows anyway.
 * Halved as long as the device would not bind an activation, or the chunk would take more than its share of memory.
 */
export function chunkTokensFor({ width, largestBufferBytes, availableBytes, scratchBytes }: ChunkLimits): number {
  let tokens = width >= WIDE || Number.isFinite(largestBufferBytes) ? 512 : 256;
  const tooMuch = () =>
    tokens * width * WIDEST * FLOAT_BYTES > largestBufferBytes || scratchBytes(tokens) > availableBytes * MOST_SHARE;
  while (tokens > LEAST_TOKENS && tooMuch()) tokens /= 2;
  return tokens;
}
