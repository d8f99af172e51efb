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
}

/** Commits every chunk. Cancelled, it leaves the chunks that were read. */
export async function prefill(
  decoder: Decoder,
  cache: KeyValueCache,
  ids: readonly number[],
  options: PrefillOptions = {},
): Promise<void> {
  const { chunkTokens = chunkTokensFor(decoder), signal, onProgress } = options;
  const started = performance.now();
  for (let done = 0; done < ids.length; ) {
    throwIfCancelled(signal);
    const chunk = ids.slice(done, done + chunkTokens);
    await decoder.forward(chunk, cache, { commit: true, want: 'nothing' });
    done += chunk.length;
    onProgress?.({ done, total: ids.length, seconds: (performance.now() - started) / 1000 });
  }
}
