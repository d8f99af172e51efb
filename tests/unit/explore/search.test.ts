/** The search for a plan, with costs that are known. */
import { describe, expect, it } from 'vitest';
import { type CachePlan, checkPlan, densePlan } from '../../../engine/cache/plan.ts';
import { drawSimilarity } from '../../../engine/explore/heat-map.ts';
import { NEEDLES, plant } from '../../../engine/explore/needles.ts';
import { drawPlan } from '../../../engine/explore/plan-picture.ts';
import { DENSE_DRAFT, planOf, type SearchSpace, searchPlan } from '../../../engine/explore/search.ts';

const space: SearchSpace = { layers: 4, heads: 2, headSize: 64, meanings: ['a', 'a', 'a', 'a'], windows: [0, 0, 0, 0] };

const kinds = (meanings: readonly string[]) => meanings.map((meaning) => ({ meaning, window: 0 }));
/** The layer by whose keys each unit finds distant tokens. */
const leadersOf = ({ units }: CachePlan) =>
  units.map((row, layer) => row.map((unit) => (unit.role === 'follow' ? unit.leader : layer)));

/** Every unit that does not lead costs what is said for it, streaming twice as much; facts are lost from a loss of 1 on. */
const costing =
  (prices: Readonly<Record<string, number>>, formats = 10) =>
  async (plan: CachePlan) => {
    const own = plan.units.flatMap((row, layer) =>
      row.map((unit, head) => {
        const price = prices[`${layer}:${head}`] ?? 0.001;
        const rounded = Object.values(unit).some((each) => each === 'int8' || each === 'int4') ? formats : 0;
        return rounded + price * { lead: 0, follow: 1, stream: 2 }[unit.role];
      }),
    );
    const loss = 2 + own.reduce((sum, each) => sum + each, 0);
    return { loss, perplexity: Math.exp(loss), found: loss < 3 ? 6 : 2, planted: 6 };
  };
const EXPENSIVE = Object.fromEntries(
  [0, 1, 2, 3].flatMap((layer) => [0, 1].map((head) => [`${layer}:${head}`, 9] as const)),
);
const search = (
  prices: Readonly<Record<string, number>>,
  goal: { delta?: number; saving?: number },
  formats?: number,
) => searchPlan(space, goal, costing(prices, formats), () => {});

describe('the search', () => {
  it('leaves what costs much as it is, and changes the rest as far as it may', async () => {
    const { chosen, steps } = await search({ '2:1': 0.9, '3:0': 0.8 }, { delta: 0.1 });
    const roles = chosen.plan.units.map((row) => row.map(({ role }) => role));
    expect([roles[2]?.[1], roles[3]?.[0]]).toEqual(['lead', 'lead']);
    expect(roles.flat().filter((role) => role === 'stream')).toHaveLength(6);
    expect(chosen.cost.loss).toBeCloseTo(2 + 6 * 0.002);
    for (const { plan } of steps) checkPlan(plan, kinds(space.meanings), 2);
  });

  it('takes the cheapest by the byte first, and stops once enough is saved', async () => {
    const prices = { ...EXPENSIVE, '3:1': 0.01, '2:0': 0.02 };
    const { chosen, steps } = await search(prices, { saving: 0.15 }, 100);
    // Following saves half of what streaming does here, at half the price: the order is that of the units.
    expect(steps.map(({ saving }) => saving)).toEqual([...steps.map(({ saving }) => saving)].sort((a, b) => a - b));
    expect(chosen.saving).toBeGreaterThanOrEqual(0.15);
    expect(steps.at(-2)?.saving).toBeLessThan(0.15);
    const changedUnits = chosen.plan.units.flatMap((row, layer) =>
      row.flatMap(({ role }, head) => (role === 'lead' ? [] : [`${layer}:${head}`])),
    );
    expect(changedUnits.toSorted()).toEqual(['2:0', '3:1']);
  });

  it('rounds where that costs nothing', async () => {
    const { chosen } = await search(EXPENSIVE, { delta: 0.1 }, 0);
    expect(chosen.plan.units[0]?.[0]).toEqual({ role: 'lead', keys: 'int4', values: 'int4' });
    expect(chosen.saving).toBeCloseTo(1 - 40 / 128);
  });

  it('stays dense where everything costs', async () => {
    const { chosen, steps } = await search(EXPENSIVE, { delta: 0.1 });
    expect(chosen.saving).toBe(chosen === steps[0] ? 0 : chosen.saving);
    expect(chosen.plan.units.flat().every(({ role }) => role === 'lead')).toBe(true);
  });

  it('never lets a layer follow one that rotates its keys otherwise, nor touches one that ends at a window', async () => {
    const meanings = ['a', 'b', 'a', 'b'];
    const own = { ...space, meanings, windows: [0, 0, 0, 512] };
    const roles = new Map(
      [0, 1, 2, 3].flatMap((layer) => [0, 1].map((head) => [`${layer}:${head}`, 'follow'] as const)),
    );
    const plan = planOf(own, { ...DENSE_DRAFT, roles });
    expect(leadersOf(plan).map(([leader]) => leader)).toEqual([0, 1, 0, 3]);
    checkPlan(
      plan,
      meanings.map((meaning, layer) => ({ meaning, window: own.windows[layer] ?? 0 })),
      2,
    );
    const { chosen } = await searchPlan(own, { delta: 1 }, costing({}, 0), () => {});
    expect(chosen.plan.units[3]).toEqual(densePlan(1, 2).units[0]);
  });

  it('lets a follower of a unit that comes to stream find another leader, or lead', () => {
    const roles = new Map([
      ['1:0', 'stream'],
      ['2:0', 'follow'],
      ['3:0', 'follow'],
      ['0:1', 'stream'],
      ['1:1', 'follow'],
    ] as const);
    const plan = planOf(space, { ...DENSE_DRAFT, roles });
    expect(leadersOf(plan)).toEqual([
      [0, 0],
      [1, 1],
      [0, 2],
      [0, 3],
    ]);
    checkPlan(plan, kinds(space.meanings), 2);
  });

  it('takes whole layers where there are many heads', async () => {
    const meanings = Array.from({ length: 10 }, () => 'a');
    const many = { layers: 10, heads: 8, headSize: 64, meanings, windows: meanings.map(() => 0) };
    const { chosen, alone } = await searchPlan(many, { saving: 0.45 }, costing({}), () => {});
    expect(alone).toHaveLength(10 + 9 + 4);
    for (const row of chosen.plan.units) expect(new Set(row.map(({ role }) => role)).size).toBe(1);
  });

  it('looks at a sample first, and judges by everything', async () => {
    const asked: boolean[] = [];
    const counted = async (plan: CachePlan, sample: boolean) => {
      asked.push(sample);
      return costing({})(plan);
    };
    const { alone, steps } = await searchPlan(space, { delta: 0.1 }, counted, () => {});
    expect(asked.slice(0, alone.length + 1).every((sample) => sample)).toBe(true);
    expect(asked.slice(alone.length + 1).some((sample) => sample)).toBe(false);
    expect(asked.length - alone.length - 1).toBeGreaterThanOrEqual(steps.length);
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

it('draws a plan: who leads, who follows whom, who streams, and in what', () => {
  const picture = drawPlan(
    {
      units: [
        [{ role: 'lead', keys: 'int4', values: 'f16' }, { role: 'stream' }],
        [
          { role: 'follow', leader: 0, values: 'int8' },
          { role: 'lead', keys: 'f16', values: 'f16' },
        ],
      ],
    },
    'A & B',
  );
  expect(picture).toMatch(/^<svg .*A &amp; B<.*layer 1.*<\/svg>\n$/s);
  // Eight halves, and five in the legend.
  expect(picture.match(/<rect x=/g)).toHaveLength(13);
  expect(picture.match(/fill="#eee"/g)).toHaveLength(3);
  expect(picture).toContain('>0</text>');
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
