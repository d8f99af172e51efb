/** Rounding to a format, against what its definition promises (`cache/format.ts`). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asNumbers, toBits } from '../../../engine/attention/half.ts';
import { halfVectors, part, toNumbers } from '../../../engine/attention/vectors.ts';
import { VectorStore } from '../../../engine/backends/cpu/store.ts';
import { groupSize, type RoundedFormat, vectorBytes } from '../../../engine/cache/format.ts';
import { normals } from '../cache/random.ts';

/** Vectors of keys as they are: most elements near each other, some large, some the same. */
const arbitraryVectors = fc
  .record({
    headSize: fc.constantFrom(8, 16, 32, 64, 80, 96, 128, 256),
    tokens: fc.integer({ min: 1, max: 20 }),
    seed: fc.nat(1000),
    spread: fc.constantFrom(0, 1e-6, 1e-3, 1, 300),
    shift: fc.constantFrom(0, 0, 5, -400),
  })
  .map(({ headSize, tokens, seed, spread, shift }) => ({
    headSize,
    tokens,
    bits: toBits(normals(seed, headSize * tokens).map((each) => shift + each * spread)),
  }));

function roundedTo(format: RoundedFormat, bits: Uint16Array, headSize: number, pageTokens: number): Float32Array {
  const store = new VectorStore(format, headSize, pageTokens);
  store.append(bits);
  const numbers = new Float32Array(bits.length);
  for (let from = 0; from < store.end; ) {
    const { vectors, start, end } = store.run(from, store.end);
    numbers.set(toNumbers(vectors, headSize), start * headSize);
    from = end;
  }
  return numbers;
}

const LEVELS = { int8: 255, int4: 16 } as const;

describe.each(['int8', 'int4'] as const)('vectors in %s', (format) => {
  it('lie on a grid of so many levels a group, no element further than half a step from where it was', () => {
    fc.assert(
      fc.property(arbitraryVectors, fc.integer({ min: 1, max: 9 }), ({ headSize, bits }, pageTokens) => {
        const [exact, rounded] = [asNumbers(bits), roundedTo(format, bits, headSize, pageTokens)];
        const size = groupSize(format, headSize);
        for (let start = 0; start < exact.length; start += size) {
          const [was, is] = [[...exact.subarray(start, start + size)], [...rounded.subarray(start, start + size)]];
          const largest = Math.max(...was.map(Math.abs));
          const range = format === 'int8' ? 2 * largest : Math.max(...was) - Math.min(...was);
          // The grid itself is f32 or f16, and its ends move by as much.
          const step = range / (LEVELS[format] - 1) + largest * 2 ** -10 + 2 ** -24;
          const far = Math.max(...was.map((each, index) => Math.abs(each - (is[index] ?? 0))));
          // Half a step, and what all of the steps lose when one is rounded to f16 itself.
          const lost = format === 'int4' ? range * 2 ** -9 + 15 * 2 ** -25 : 0;
          expect(far).toBeLessThanOrEqual(0.5 * step * 1.001 + lost);
          expect(new Set(is).size).toBeLessThanOrEqual(LEVELS[format]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('are rounded by themselves: neighbours, pages and pieces don’t matter', () => {
    fc.assert(
      fc.property(arbitraryVectors, ({ headSize, tokens, bits }) => {
        const whole = roundedTo(format, bits, headSize, tokens);
        expect(roundedTo(format, bits, headSize, 1)).toEqual(whole);
        const last = roundedTo(format, bits.subarray((tokens - 1) * headSize), headSize, 4);
        expect(whole.subarray((tokens - 1) * headSize)).toEqual(last);
      }),
      { numRuns: 40 },
    );
  });

  it('take what the arithmetic says', () => {
    const store = new VectorStore(format, 64, 16);
    store.append(new Uint16Array(64 * 17));
    expect(store.bytes).toBe(2 * 16 * vectorBytes(format, 64));
    expect(vectorBytes(format, 64)).toBe(format === 'int8' ? 64 + 4 : 32 + 8);
    expect(vectorBytes('f16', 64)).toBe(128);
  });
});

it('cuts vectors out of a run', () => {
  const bits = toBits(normals(1, 5 * 8));
  const cut = part(halfVectors(bits), 5, 1, 3);
  expect([...toNumbers(cut, 8)]).toEqual([...asNumbers(bits).subarray(8, 24)]);
});
