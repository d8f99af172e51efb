/** Reads tokens into the cache chunk by chunk, with progress, and room to cancel between chunks. */
import type { KeyValueCache } from '../cache/key-value-cache.ts';
import { throwIfCancelled } from '../errors.ts';
import type { Decoder } from '../model/decoder.ts';
import { chunkTokensFor } from './chunk-tokens.ts';

export interface PrefillProgress {
  readonly done: number;
  readonly total: number;
  readonly seconds: number;
}

export interface PrefillOptions {
  /** What the device takes at once where memory is no concern, when left out. */
  readonly chunkTokens?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: PrefillProgress) => void) | undefined;
  /** Awaited after every chunk; a pause may take its time here, which is not counted as reading. */
  readonly betweenChunks?: (() => Promise<void>) | undefined;
}

function deviceChunk({ attentionWidth: width, largestBufferBytes }: Decoder): number {
  return chunkTokensFor({ width, largestBufferBytes, availableBytes: Number.POSITIVE_INFINITY, scratchBytes: () => 0 });
}

/** Commits every chunk and gives the seconds that took. Cancelled, it leaves the chunks that were read. */
export async function prefill(
  decoder: Decoder,
  cache: KeyValueCache,
  ids: readonly number[],
  options: PrefillOptions = {},
): Promise<number> {
  const { chunkTokens = deviceChunk(decoder), signal, onProgress, betweenChunks } = options;
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
