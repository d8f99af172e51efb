/** The search for a plan, with costs that are known. */
import { describe, expect, it } from 'vitest';
import { longSaving } from '../../engine/cache/memory.ts';
import { type CachePlan, checkPlan } from '../../engine/cache/plan.ts';
import { drawSimilarity } from '../../engine/explore/heat-map.ts';
import { NEEDLES, plant } from '../../engine/explore/needles.ts';
import { type SearchSpace, searchPlan } from '../../engine/explore/search.ts';

const space: SearchSpace = { layers: 4, heads: 2, headSize: 64, meanings: ['a', 'a', 'a', 'a'], windows: [0, 0, 0, 0] };

const kinds = (meanings: readonly string[]) => meanings.map((meaning) => ({ meaning, window: 0 }));
/** The layer by whose keys each unit finds distant tokens. */
const leadersOf = ({ units }: CachePlan) =>
  units.map((row, layer) => row.map((unit) => (unit.role === 'follow' ? unit.leader : layer)));

/** Every follower costs what is said for it; facts are lost from a loss of 1 on. */
const costing = (prices: Readonly<Record<string, number>>) => async (plan: CachePlan) => {
  const own = leadersOf(plan).flatMap((row, layer) =>
    row.map((leader, head) => (leader === layer ? 0 : (prices[`${layer}:${head}`] ?? 0.001))),
  );
  const loss = 2 + own.reduce((sum, each) => sum + each, 0);
  return { loss, perplexity: Math.exp(loss), found: loss < 3 ? 6 : 2, planted: 6 };
};
const search = (prices: Readonly<Record<string, number>>, goal: { delta?: number; saving?: number }, own = space) =>
  searchPlan(own, goal, costing(prices), () => {});

describe('the search', () => {
  it('lets follow what costs little, and leaves leading what costs much', async () => {
    const { chosen, alone, steps } = await search({ '2:1': 0.9, '3:0': 0.8 }, { delta: 0.1 });
    expect(leadersOf(chosen.plan)).toEqual([
      [0, 0],
      [0, 0],
      [0, 2],
      [3, 2],
    ]);
    expect(chosen.saving).toBeCloseTo(0.25);
    expect(alone[2]?.[1]).toBeCloseTo(0.9);
    expect(steps[0]?.saving).toBe(0);
    for (const { plan } of steps) checkPlan(plan, kinds(space.meanings), 2);
  });

  it('saves as much as is asked for, whatever it costs, and no more', async () => {
    const { chosen } = await search({ '1:0': 5, '1:1': 5, '2:0': 5, '2:1': 5, '3:0': 5, '3:1': 5 }, { saving: 0.25 });
    expect(chosen.saving).toBeCloseTo(0.25);
  });

  it('stays dense where everything costs', async () => {
    const all = Object.fromEntries(['1', '2', '3'].flatMap((layer) => [`${layer}:0`, `${layer}:1`].map((n) => [n, 1])));
    expect((await search(all, { delta: 0.1 })).chosen.saving).toBe(0);
  });

  it('never lets a layer follow one that rotates its keys otherwise', async () => {
    const { chosen } = await search({}, { delta: 1 }, { ...space, meanings: ['a', 'b', 'a', 'b'] });
    expect(leadersOf(chosen.plan).map(([leader]) => leader)).toEqual([0, 1, 0, 1]);
    checkPlan(chosen.plan, kinds(['a', 'b', 'a', 'b']), 2);
  });

  it('takes whole layers where there are many heads', async () => {
    const meanings = Array.from({ length: 10 }, () => 'a');
    const many = { layers: 10, heads: 8, headSize: 64, meanings, windows: meanings.map(() => 0) };
    const { chosen, steps } = await search({}, { delta: 1 }, many);
    expect(steps.length).toBe(10);
    expect(longSaving({ ...many, plan: chosen.plan })).toBeCloseTo(0.45);
  });
});

it('plants needles at sentence ends, in order, and loses nothing of the text', () => {
  const text = 'It rained. '.repeat(200);
  const planted = plant(text, NEEDLES);
  const places = NEEDLES.map(({ sentence }) => planted.indexOf(`It rained. ${sentence} It`));
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(Math.min(...places)).toBeGreaterThan(0);
  expect(NEEDLES.reduce((left, { sentence }) => left.replace(`${sentence} `, ''), planted)).toBe(text);
});

it('draws what is alike', () => {
  const picture = drawSimilarity([
    [
      [1, 0.25],
      [0.25, 1],
    ],
  ]);
  expect(picture.match(/>0\.25</g)).toHaveLength(2);
  expect(picture).toMatch(/^<svg .*KV head 0.*<\/svg>\n$/s);
});
