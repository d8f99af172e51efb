/** Our engine in the page, measured. */
import type { GpuPodCache } from '../../../engine/cache/gpu-pod-cache.ts';
import { cacheShape } from '../../../engine/engine.ts';
import { prefill } from '../../../engine/generate/prefill.ts';
import { loadModel } from '../../../engine/model/model.ts';
import { choosePolicy } from '../../../engine/policy.ts';
import { openHttpFolder } from '../../../engine/runtime/folder-http.ts';
import { createBrowserWebGpuRuntime } from '../../../engine/runtime/webgpu-browser.ts';
import { median, tokenIds } from '../samples.ts';

const WARM_UP_TOKENS = 64;
const DECODED = 6;
/** Tokens of which room is made at once where a cache is filled without reading. */
const FILLED_AT_ONCE = 512;

export interface EngineUnderTest {
  prefill(tokens: number, policy: 'dense' | 'pod'): Promise<number>;
  decode(tokens: number, policy: 'dense' | 'pod'): Promise<{ milliseconds: number; cacheBytes: number }>;
  close(): Promise<void>;
}

export async function openEngine(folder: string): Promise<EngineUnderTest> {
  const model = await loadModel(openHttpFolder(folder), await createBrowserWebGpuRuntime(2 ** 34), {
    dataFolder: new URL('onnx/', folder.endsWith('/') ? folder : `${folder}/`).href,
  });
  const { decoder } = model;
  const cacheUnder = (policy: 'dense' | 'pod') =>
    decoder.createCache(cacheShape(model, choosePolicy(model, { policy }))) as unknown as GpuPodCache;
  const warm = cacheUnder('dense');
  await prefill(decoder, warm, tokenIds(WARM_UP_TOKENS));
  await decoder.forward([11], warm, { commit: false, want: 'candidates' });
  warm.clear();
  return {
    prefill: async (tokens, policy) => {
      const cache = cacheUnder(policy);
      const started = performance.now();
      await prefill(decoder, cache, tokenIds(tokens - 1));
      await decoder.forward([10], cache, { commit: true, want: 'candidates' });
      const seconds = (performance.now() - started) / 1000;
      cache.clear();
      return seconds;
    },
    // Time does not ask what keys and values say: pages are taken, not computed, so that long contexts can be measured anywhere.
    decode: async (tokens, policy) => {
      const cache = cacheUnder(policy);
      for (let done = 0; done < tokens; done += FILLED_AT_ONCE) {
        const rows = Math.min(FILLED_AT_ONCE, tokens - done);
        for (let layer = 0; layer < decoder.cut.attention.length; layer++) cache.extend(layer, rows);
        cache.commit();
      }
      const times: number[] = [];
      for (let index = 0; index <= DECODED; index++) {
        const before = performance.now();
        await decoder.forward([12 + index], cache, { commit: false, want: 'candidates' });
        times.push(performance.now() - before);
      }
      const cacheBytes = Object.values(cache.parts()).reduce((sum: number, bytes: number) => sum + bytes, 0);
      cache.clear();
      return { milliseconds: median(times.slice(1)), cacheBytes };
    },
    close: () => decoder.close(),
  };
}
