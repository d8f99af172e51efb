/** Reads tokens into the cache chunk by chunk, with progress, and room to cancel between chunks. */
import type { PodCache } from '../cache/pod-cache.ts';
import { throwIfCancelled } from '../errors.ts';
import type { Decoder } from '../model/decoder.ts';

/** Tokens a chunk: enough rows for the matrix products to run at full speed, few enough for steady progress. */
export const CHUNK_TOKENS = 256;

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
  cache: PodCache,
  ids: readonly number[],
  options: PrefillOptions = {},
): Promise<void> {
  const { chunkTokens = CHUNK_TOKENS, signal, onProgress } = options;
  const started = performance.now();
  for (let done = 0; done < ids.length; ) {
    throwIfCancelled(signal);
    const chunk = ids.slice(done, done + chunkTokens);
    await decoder.forward(chunk, cache, { commit: true, want: 'nothing' });
    done += chunk.length;
    onProgress?.({ done, total: ids.length, seconds: (performance.now() - started) / 1000 });
  }
}
