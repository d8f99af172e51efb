/** What must be true of any implementation (pod.md), on real models: the parity fixtures under random plans. */
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PodCache } from '../../engine/backends/cpu/pod-cache.ts';
import { type CachePlan, sharingPlan, type UnitPlan } from '../../engine/cache/plan.ts';
import type { Decoder } from '../../engine/model/decoder.ts';
import { arbitraryPlan } from '../unit/cache/random.ts';
import { cacheFor, openDecoder, relativeError } from './decoder.ts';

const LAYERS = 3;
const HEADS = 2;
let decoder: Decoder;
beforeAll(async () => {
  decoder = await openDecoder(join(import.meta.dirname, '../fixtures/parity/llama-packed-rotary-in'));
});
afterAll(() => decoder.close());

const everywhere = (unit: UnitPlan): CachePlan => ({
  units: Array.from({ length: LAYERS }, () => Array.from({ length: HEADS }, () => unit)),
});

const arbitraryIds = (least: number, most: number) => fc.array(fc.nat(63), { minLength: least, maxLength: most });

async function read(cache: PodCache, ids: readonly number[], chunk: number): Promise<Float32Array> {
  let logits: Float32Array | undefined;
  for (let done = 0; done < ids.length; done += chunk) {
    logits = await decoder.forward(ids.slice(done, done + chunk), cache, { commit: true, want: 'logits' });
  }
  return logits ?? new Float32Array();
}

async function logitsAfter(cache: PodCache, ids: readonly number[]): Promise<Float32Array> {
  return (await decoder.forward(ids, cache, { commit: false, want: 'logits' })) ?? new Float32Array();
}

describe('PoD on a real model', () => {
  it('with a window at least as long as the text equals the dense model, whatever the plan', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryPlan(LAYERS, HEADS), arbitraryIds(2, 500), fc.nat(32), async (plan, ids, sinks) => {
        const pod = await read(cacheFor(decoder, plan, { sinks, recent: 512 }), ids, 256);
        expect(relativeError(pod, await read(cacheFor(decoder), ids, 256))).toBeLessThan(1e-5);
      }),
      { numRuns: 8 },
    );
  });

  it.each<[string, CachePlan, number]>([
    ['shared keys', sharingPlan([0, 0, 0].map((leader) => [leader, leader])), 1e-3],
    ['units that stream', everywhere({ role: 'stream' }), 1e-3],
    ['int4', everywhere({ role: 'lead', keys: 'int4', values: 'int4' }), 1e-3],
    ['int8', everywhere({ role: 'lead', keys: 'int8', values: 'int8' }), 1e-5],
  ])('with a short window and %s does not: the tests above can fail', async (_title, plan, least) => {
    const ids = Array.from({ length: 500 }, (_, index) => (index * 31) % 64);
    const pod = await read(cacheFor(decoder, plan, { sinks: 4, recent: 0 }), ids, 250);
    expect(relativeError(pod, await read(cacheFor(decoder), ids, 250))).toBeGreaterThan(least);
  });

  it('where every unit streams forgets: nothing before the window, sinks apart, changes a logit', async () => {
    // With a window of one step no row from 256 on sees anything of what lies between the sinks and 256, in whatever layer.
    const plan = everywhere({ role: 'stream' });
    const [ids, other] = [7, 11].map((step) =>
      Array.from({ length: 500 }, (_, index) => (index < 8 || index >= 256 ? (index * 31) % 64 : (index * step) % 64)),
    );
    expect(ids).not.toEqual(other);
    const logits = (tokens: readonly number[] = []) =>
      read(cacheFor(decoder, plan, { sinks: 8, recent: 0 }), tokens, 300);
    expect(await logits(ids)).toEqual(await logits(other));
  });

  it('gives the same whatever the chunks, under any plan', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryPlan(LAYERS, HEADS),
        arbitraryIds(100, 500),
        fc.integer({ min: 40, max: 500 }),
        fc.constantFrom(0, 100, 256),
        async (plan, ids, chunk, recent) => {
          const whole = await read(cacheFor(decoder, plan, { sinks: 8, recent }), ids, 500);
          const cut = await read(cacheFor(decoder, plan, { sinks: 8, recent }), ids, chunk);
          expect(relativeError(cut, whole)).toBeLessThan(2e-3); // Keys and values are f16: rounding differs with the order of sums.
        },
      ),
      { numRuns: 8 },
    );
  });

  it('answers after a rewind as if nothing had been asked', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryPlan(LAYERS, HEADS),
        arbitraryIds(300, 450),
        arbitraryIds(1, 40),
        arbitraryIds(1, 20),
        async (plan, document, dropped, question) => {
          const cache = cacheFor(decoder, plan, { sinks: 8, recent: 16 });
          await read(cache, document, 256);
          const before = cache.parts();
          await logitsAfter(cache, dropped);
          cache.rewind();
          expect(cache.parts()).toEqual(before);
          const again = await logitsAfter(cache, question);
          const fresh = cacheFor(decoder, plan, { sinks: 8, recent: 16 });
          await read(fresh, document, 256);
          expect(again).toEqual(await logitsAfter(fresh, question));
        },
      ),
      { numRuns: 8 },
    );
  });

  it('leaves the cache as it was when a forward fails', async () => {
    const cache = cacheFor(decoder);
    await read(cache, [1, 2, 3], 3);
    const parts = cache.parts();
    await expect(decoder.forward([9999], cache, { commit: true, want: 'logits' })).rejects.toThrow();
    expect(cache.length).toBe(3);
    expect(cache.parts()).toEqual(parts);
  });
});
