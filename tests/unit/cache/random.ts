/** Random shapes, plans and vectors for property tests. */
import fc from 'fast-check';
import { toBits } from '../../../engine/attention/half.ts';
import type { CacheShape } from '../../../engine/cache/memory.ts';
import type { SharingPlan } from '../../../engine/cache/sharing-plan.ts';
import { seededRandom } from '../../../engine/generate/sampling.ts';

/** A plan in which every (layer, head) follows a random earlier layer that leads itself, or leads; alone where it sees a window only. */
export function arbitraryPlan(
  layers: number,
  heads: number,
  windows: readonly number[] = Array.from({ length: layers }, () => 0),
): fc.Arbitrary<SharingPlan> {
  return fc.array(fc.nat(1 << 20), { minLength: layers * heads, maxLength: layers * heads }).map((draws) => {
    const leaders: number[][] = [];
    for (let layer = 0; layer < layers; layer++) {
      const row = Array.from({ length: heads }, (_, head) => {
        const leading = leaders.flatMap((above, index) =>
          above[head] === index && windows[index] === 0 ? [index] : [],
        );
        const choices = windows[layer] === 0 ? [...leading, layer] : [layer];
        return choices[(draws[layer * heads + head] ?? 0) % choices.length] ?? layer;
      });
      leaders.push(row);
    }
    return { leaders };
  });
}

/** Tokens that a layer's rows see; mostly all, which is 0. */
export const arbitraryWindow = fc.oneof(fc.constant(0), fc.constant(0), fc.integer({ min: 1, max: 700 }));

export const arbitraryShape: fc.Arbitrary<CacheShape> = fc
  .record({
    layers: fc.integer({ min: 1, max: 4 }),
    heads: fc.integer({ min: 1, max: 3 }),
    headSize: fc.constantFrom(8, 16, 32),
    windows: fc.array(arbitraryWindow, { minLength: 4, maxLength: 4 }),
  })
  .map(({ windows, ...rest }) => ({ ...rest, windows: windows.slice(0, rest.layers) }))
  .chain(({ layers, heads, headSize, windows }) =>
    fc
      .record({
        plan: arbitraryPlan(layers, heads, windows),
        sinks: fc.integer({ min: 0, max: 40 }),
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
