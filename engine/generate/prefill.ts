/** Reads tokens into the cache chunk by chunk, with progress, and room to cancel between chunks. */
import type { KeyValueCache } from '../cache/key-value-cache.ts';
import { throwIfCancelled } from '../errors.ts';
import type { Decoder } from '../model/decoder.ts';

/** Width of the attention, in elements, from which on a model counts as wide. */
const WIDE = 512;

/**
 * Tokens a chunk. In a narrow model the activations of 256 rows stay in the processor's second-level cache; in a wide one
 * the matrix products gain more from 512 rows than the cache gives (both measured, `npm run bench`).
 */
export function chunkTokensFor(decoder: Decoder): number {
  const [first] = decoder.cut.attention;
  return first && first.queryHeads * first.headSize >= WIDE ? 512 : 256;
}

export interface PrefillProgress {
  readonly done: number;
  readonly total: number;
  readonly seconds: number;
}

export interface PrefillOptions {
  readonly chunkTokens?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: PrefillProgress) => void) | undefined;
  /** Awaited after every chunk; a pause may take its time here, which is not counted as reading. */
  readonly betweenChunks?: (() => Promise<void>) | undefined;
}

/** Commits every chunk and gives the seconds that took. Cancelled, it leaves the chunks that were read. */
export async function prefill(
  decoder: Decoder,
  cache: KeyValueCache,
  ids: readonly number[],
  options: PrefillOptions = {},
): Promise<number> {
  const { chunkTokens = chunkTokensFor(decoder), signal, onProgress, betweenChunks } = options;
  let milliseconds = 0;
  for (let done = 0; done < ids.length; ) {
    throwIfCancelled(signal);
    const started = performance.now();
    const chunk = ids.slice(done, done + chunkTokens);
    await decoder.forward(chunk, cache, { commit: true, want: 'nothing' });
    done += chunk.length;
    milliseconds += performance.now() - started;
    onProgress?.({ done, total: ids.length, seconds: milliseconds / 1000 });
    await betweenChunks?.();
  }
  return milliseconds / 1000;
}
