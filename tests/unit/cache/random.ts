/** Random shapes, plans and vectors for property tests. */
import fc from 'fast-check';
import { toBits } from '../../../engine/attention/half.ts';
import type { CacheShape } from '../../../engine/cache/memory.ts';
import type { SharingPlan } from '../../../engine/cache/sharing-plan.ts';
import { seededRandom } from '../../../engine/generate/sampling.ts';

/** A plan in which every (layer, head) follows a random earlier layer that leads itself, or leads. */
export function arbitraryPlan(layers: number, heads: number): fc.Arbitrary<SharingPlan> {
  return fc.array(fc.nat(1 << 20), { minLength: layers * heads, maxLength: layers * heads }).map((draws) => {
    const leaders: number[][] = [];
    for (let layer = 0; layer < layers; layer++) {
      const row = Array.from({ length: heads }, (_, head) => {
        const leading = leaders.flatMap((above, index) => (above[head] === index ? [index] : []));
        const choices = [...leading, layer];
        return choices[(draws[layer * heads + head] ?? 0) % choices.length] ?? layer;
      });
      leaders.push(row);
    }
    return { leaders };
  });
}

export const arbitraryShape: fc.Arbitrary<CacheShape> = fc
  .record({
    layers: fc.integer({ min: 1, max: 4 }),
    heads: fc.integer({ min: 1, max: 3 }),
    headSize: fc.constantFrom(8, 16, 32),
  })
  .chain(({ layers, heads, headSize }) =>
    fc
      .record({
        plan: arbitraryPlan(layers, heads),
        sinks: fc.integer({ min: 0, max: 40 }),
        recent: fc.integer({ min: 0, max: 600 }),
      })
      .map(({ plan, sinks, recent }) => ({ layers, heads, headSize, plan, proximity: { sinks, recent } })),
  );

/** Normally distributed values, the same for the same seed. */
export function normals(seed: number, length: number): Float32Array<ArrayBuffer> {
  const random = seededRandom(seed);
  return Float32Array.from({ length }, () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
}

export function halves(seed: number, length: number): Uint16Array {
  return toBits(normals(seed, length));
}
