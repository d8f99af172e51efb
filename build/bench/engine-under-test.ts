/** Our engine on WebGPU, measured: in a page or in Node. */
import type { GpuPodCache } from '../../engine/backends/webgpu/pod-cache.ts';
import { totalBytes } from '../../engine/cache/memory.ts';
import { prefill } from '../../engine/generate/prefill.ts';
import { cacheShape } from '../../engine/local/reading.ts';
import type { Model } from '../../engine/model/model.ts';
import { choosePolicy } from '../../engine/policy.ts';
import { median, tokenIds } from './samples.ts';

const WARM_UP_TOKENS = 64;
const DECODED = 6;
/** Rows of the chunks that stand for a whole prefill where that would take too long. */
const SAMPLED_CHUNK = 64;
/** Tokens of which room is made at once where a cache is filled without reading. */
const FILLED_AT_ONCE = 512;

export interface EngineUnderTest {
  prefill(tokens: number, policy: 'dense' | 'pod', sampled: boolean): Promise<number>;
  decode(tokens: number, policy: 'dense' | 'pod'): Promise<{ milliseconds: number; cacheBytes: number }>;
  close(): Promise<void>;
}

export async function engineUnderTest(model: Model): Promise<EngineUnderTest> {
  const { decoder } = model;
  const cacheUnder = (policy: 'dense' | 'pod') =>
    decoder.createCache(cacheShape(model, choosePolicy(model, { policy }))) as unknown as GpuPodCache;
  const warm = cacheUnder('dense');
  await prefill(decoder, warm, tokenIds(WARM_UP_TOKENS));
  await decoder.forward([11], warm, { commit: false, want: 'candidates' });
  warm.clear();
  /** Time does not ask what keys and values say: pages are taken, not computed, so that long contexts can be measured anywhere. */
  const fill = (cache: GpuPodCache, from: number, to: number) => {
    for (let done = from; done < to; done += FILLED_AT_ONCE) {
      const rows = Math.min(FILLED_AT_ONCE, to - done);
      for (let layer = 0; layer < decoder.cut.attention.length; layer++) cache.extend(layer, rows, true);
      cache.commit();
    }
  };
  /** A chunk's time grows with the tokens before it; three places give the sum by Simpson's rule. */
  const sampledPrefill = async (cache: GpuPodCache, tokens: number) => {
    const times: number[] = [];
    for (const place of [0, Math.floor((tokens - SAMPLED_CHUNK) / 2), tokens - SAMPLED_CHUNK]) {
      fill(cache, cache.length, place);
      const started = performance.now();
      await decoder.forward(tokenIds(SAMPLED_CHUNK), cache, { commit: true, want: 'candidates' });
      times.push((performance.now() - started) / 1000);
    }
    const [first = 0, middle = 0, last = 0] = times;
    return (((first + 4 * middle + last) / 6) * tokens) / SAMPLED_CHUNK;
  };
  return {
    prefill: async (tokens, policy, sampled) => {
      if (sampled) {
        const cache = cacheUnder(policy);
        const seconds = await sampledPrefill(cache, tokens);
        cache.clear();
        return seconds;
      }
      const cache = cacheUnder(policy);
      const started = performance.now();
      await prefill(decoder, cache, tokenIds(tokens - 1));
      await decoder.forward([10], cache, { commit: true, want: 'candidates' });
      const seconds = (performance.now() - started) / 1000;
      cache.clear();
      return seconds;
    },
    decode: async (tokens, policy) => {
      const cache = cacheUnder(policy);
      fill(cache, 0, tokens);
      const times: number[] = [];
      for (let index = 0; index <= DECODED; index++) {
        const before = performance.now();
        await decoder.forward([12 + index], cache, { commit: false, want: 'candidates' });
        times.push(performance.now() - before);
      }
      const cacheBytes = totalBytes(cache.parts());
      cache.clear();
      return { milliseconds: median(times.slice(1)), cacheBytes };
    },
    close: () => decoder.close(),
  };
}
