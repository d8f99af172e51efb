/** The baselines that drop tokens: what they look at, and that they are the dense cache while nothing is dropped. */
import { describe, expect, it } from 'vitest';
import { EvictingCache, SinkWindowCache, WatchingAttention } from '../../../build/eval/baselines.ts';
import type { Attention } from '../../../engine/attention/attention.ts';
import { referenceAttention } from '../../../engine/attention/reference.ts';
import type { Span } from '../../../engine/attention/spans.ts';
import { toNumbers, type Vectors } from '../../../engine/attention/vectors.ts';
import { PodCache } from '../../../engine/backends/cpu/pod-cache.ts';
import { densePlan } from '../../../engine/cache/plan.ts';
import { halves, normals } from '../cache/random.ts';

const HEADS = 2;
const WIDTH = 8;
const shape = {
  layers: 1,
  heads: HEADS,
  headSize: WIDTH,
  plan: densePlan(1, HEADS),
  proximity: { sinks: 4, recent: 64 },
  windows: [0],
};
const attentionShape = {
  queryHeads: 4,
  keyValueHeads: HEADS,
  headSize: WIDTH,
  scale: WIDTH ** -0.5,
  softcap: 0,
  window: 0,
};
const reference: Attention = {
  attend: async (request) => Float32Array.from(referenceAttention(request)),
  attendWithMass: async () => {
    throw new Error('not used');
  },
  addSums: async () => {
    throw new Error('not used');
  },
  close: async () => {},
};

function fill<Cache extends PodCache>(cache: Cache, tokens: number, commit = true): Cache {
  const seed = cache.length;
  cache.append(0, halves(seed + 1, HEADS * tokens * WIDTH), halves(seed + 2, HEADS * tokens * WIDTH), commit);
  if (commit) cache.commit();
  return cache;
}

const numbersOf = (vectors: Vectors | undefined) => (vectors ? toNumbers(vectors, WIDTH) : new Float32Array());

const positions = (spans: readonly Span[] | undefined) =>
  (spans ?? []).flatMap(({ start, end }) => Array.from({ length: end - start }, (_, index) => start + index));

describe('sinks and a window', () => {
  it('sees the sinks and the latest tokens, and the rows’ own', () => {
    const cache = fill(fill(new SinkWindowCache(shape), 600), 10, false);
    cache.kept = 104;
    const seen = positions(cache.spans(0, 600, 610, 600)[1]);
    const window = Array.from({ length: 110 }, (_, index) => 500 + index);
    expect(seen.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, ...window]);
  });

  it('is the dense cache while everything is kept', () => {
    const cache = fill(new SinkWindowCache(shape), 300);
    cache.kept = 300;
    const seen = positions(cache.spans(0, 300, 300, 300)[0]);
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, index) => index));
  });
});

describe('eviction', () => {
  it('keeps the chosen tokens’ keys and values, and what comes after', () => {
    const cache = fill(fill(new EvictingCache(shape), 400), 5, false);
    const chosen = Int32Array.from([3, 77, 399]);
    cache.keep(0, [chosen, Int32Array.from([0])]);
    const dense = fill(fill(new PodCache(shape), 400), 5, false);
    const [kept, ...rest] = cache.spans(0, 400, 405, 400)[0] ?? [];
    const [whole] = dense.spans(0, 400, 405, 400)[0] ?? [];
    for (const [slot, token] of chosen.entries()) {
      const row = (data: Vectors | undefined, at: number) => [...numbersOf(data).slice(at * WIDTH, (at + 1) * WIDTH)];
      expect(row(kept?.keys, slot)).toEqual(row(whole?.keys, token));
      expect(row(kept?.values, slot)).toEqual(row(whole?.values, token));
    }
    expect(positions(rest)).toEqual([400, 401, 402, 403, 404]);
    cache.keepAll();
    expect(positions(cache.spans(0, 400, 405, 400)[0])).toHaveLength(405);
  });

  it('chooses the tokens that the rows look at', async () => {
    const cache = fill(fill(new EvictingCache(shape), 200), 2, false);
    const [span] = cache.spans(0, 200, 202, 200)[0] ?? [];
    const keys = numbersOf(span?.keys);
    const rowOf = (token: number) => keys.subarray(token * WIDTH, (token + 1) * WIDTH);
    const length = (token: number) => Math.hypot(...rowOf(token));
    // The longest key: no other has a larger product with it.
    const target = Array.from({ length: 180 }, (_, index) => index + 10).reduce((a, b) =>
      length(b) > length(a) ? b : a,
    );
    const key = rowOf(target);
    // Rows of the first KV head's two query heads ask for the target's own key, loudly.
    const queries = normals(9, 4 * 2 * WIDTH);
    for (let row = 0; row < 4; row++)
      queries.set(
        key.map((value) => value * 20),
        row * WIDTH,
      );
    const watching = new WatchingAttention(reference);
    const chosen: Int32Array[][] = [];
    watching.watch(200, 7, (_, heads) => chosen.push(heads));
    await watching.attend({
      shape: attentionShape,
      queries,
      rows: 2,
      firstPosition: 200,
      spans: cache.spans(0, 200, 202, 200),
    });
    // Pooled over seven neighbours, the seven best are the target and three on either side.
    expect([...(chosen[0]?.[0] ?? [])]).toEqual([-3, -2, -1, 0, 1, 2, 3].map((offset) => target + offset));
    expect(chosen[0]?.[1]).toHaveLength(7);
  });
});
