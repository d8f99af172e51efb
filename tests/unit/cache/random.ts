/** Random shapes, plans and vectors for property tests. */
import fc from 'fast-check';
import { toBits } from '../../../engine/attention/half.ts';
import { FORMATS } from '../../../engine/cache/format.ts';
import type { CacheShape } from '../../../engine/cache/memory.ts';
import type { CachePlan, UnitPlan } from '../../../engine/cache/plan.ts';
import { seededRandom } from '../../../engine/generate/sampling.ts';

const format = fc.constantFrom(...FORMATS);

/** What a unit may be, and which of the earlier leaders it follows if it does. */
const arbitraryUnit = fc.record({
  role: fc.constantFrom('lead', 'follow', 'stream'),
  leader: fc.nat(1 << 20),
  keys: format,
  values: format,
});

/** A plan of any kind that fits the layers; those with a window of their own lead in f16. meanings: what each layer's keys are made of. */
export function arbitraryPlan(
  layers: number,
  heads: number,
  windows: readonly number[] = Array.from({ length: layers }, () => 0),
  meanings: readonly string[] = [],
): fc.Arbitrary<CachePlan> {
  return fc.array(arbitraryUnit, { minLength: layers * heads, maxLength: layers * heads }).map((draws) => {
    const units: UnitPlan[][] = [];
    for (let layer = 0; layer < layers; layer++) {
      const row = Array.from({ length: heads }, (_, head): UnitPlan => {
        const draw = draws[layer * heads + head];
        if (!draw || windows[layer] !== 0) return { role: 'lead', keys: 'f16', values: 'f16' };
        const { role, keys, values } = draw;
        const leaders = units.flatMap((above, index) =>
          above[head]?.role === 'lead' && windows[index] === 0 && meanings[index] === meanings[layer] ? [index] : [],
        );
        const leader = leaders[draw.leader % Math.max(1, leaders.length)];
        if (role === 'stream') return { role };
        return role === 'follow' && leader !== undefined ? { role, leader, values } : { role: 'lead', keys, values };
      });
      units.push(row);
    }
    return { units };
  });
}

/** Tokens that a layer's rows see; mostly all, which is 0. */
export const arbitraryWindow = fc.oneof(fc.constant(0), fc.constant(0), fc.integer({ min: 1, max: 700 }));

export const arbitraryShape: fc.Arbitrary<CacheShape> = fc
  .record({
    layers: fc.integer({ min: 1, max: 4 }),
    heads: fc.integer({ min: 1, max: 3 }),
    headSize: fc.constantFrom(8, 16, 32, 80),
    windows: fc.array(arbitraryWindow, { minLength: 4, maxLength: 4 }),
  })
  .map(({ windows, ...rest }) => ({ ...rest, windows: windows.slice(0, rest.layers) }))
  .chain(({ layers, heads, headSize, windows }) =>
    fc
      .record({
        plan: arbitraryPlan(layers, heads, windows),
        sinks: fc.integer({ min: 0, max: 300 }),
        recent: fc.integer({ min: 0, max: 600 }),
      })
      .map(({ plan, sinks, recent }) => ({ layers, heads, headSize, windows, plan, proximity: { sinks, recent } })),
  );

/** Normally distributed values, the same for the same seed. */
export function normals(seed: number, length: number): Float32Array<ArrayBuffer> {
  const random = seededRandom(seed);
  return Float32Array.from({ length }, () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
}

export function halves(seed: number, length: number): Uint16Array {
  return toBits(normals(seed, length));
}
