/** Every implementation of the attention interface against the f64 reference, over random shapes. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { AttentionRequest } from '../../engine/attention/attention.ts';
import { referenceAttention, referenceMass, referenceSums } from '../../engine/attention/reference.ts';
import type { Span } from '../../engine/attention/spans.ts';
import { halfVectors, type Vectors } from '../../engine/attention/vectors.ts';
import { CpuAttention } from '../../engine/backends/cpu/attention.ts';
import { VectorStore } from '../../engine/backends/cpu/store.ts';
import { FORMATS } from '../../engine/cache/format.ts';
import { createCpuRuntime } from '../../engine/runtime/cpu.ts';
import { arbitraryWindow, halves, normals } from '../unit/cache/random.ts';
import { relativeError } from './decoder.ts';

const attention = new CpuAttention(createCpuRuntime({ threads: 2 }));
afterAll(() => attention.close());

/** In one of the formats, drawn from the seed. */
function vectors(seed: number, elements: number, headSize: number): Vectors {
  const bits = halves(seed, elements);
  const format = FORMATS[Math.abs(seed) % FORMATS.length] ?? 'f16';
  if (format === 'f16') return halfVectors(bits);
  const store = new VectorStore(format, headSize, elements / headSize);
  store.append(bits);
  return store.run(0, elements / headSize).vectors;
}

/** Spans that cover 0..past at random cuts, then the rows' own tokens. */
function cutSpans(past: number, rows: number, cuts: readonly number[], headSize: number, seed: number): Span[] {
  const borders = [...new Set([0, ...cuts.map((cut) => cut % Math.max(1, past)), past, past + rows])].sort(
    (a, b) => a - b,
  );
  return borders.slice(1).map((end, index) => {
    const start = borders[index] ?? 0;
    const elements = (end - start) * headSize;
    return {
      start,
      end,
      keys: vectors(seed + end, elements, headSize),
      values: vectors(seed - end, elements, headSize),
    };
  });
}

const arbitraryRequest = fc
  .record({
    keyValueHeads: fc.integer({ min: 1, max: 3 }),
    ratio: fc.integer({ min: 1, max: 9 }),
    headSize: fc.constantFrom(8, 32, 64, 128),
    rows: fc.integer({ min: 1, max: 300 }),
    past: fc.integer({ min: 0, max: 900 }),
    cuts: fc.array(fc.nat(5000), { maxLength: 14 }),
    softcap: fc.constantFrom(0, 0, 20),
    window: arbitraryWindow,
    seed: fc.nat(1000),
  })
  .map(({ keyValueHeads, ratio, headSize, rows, past, cuts, softcap, window, seed }): AttentionRequest => {
    const queryHeads = keyValueHeads * ratio;
    return {
      shape: { queryHeads, keyValueHeads, headSize, scale: headSize ** -0.5 * 3, softcap, window },
      queries: normals(seed, queryHeads * rows * headSize),
      rows,
      firstPosition: past,
      spans: Array.from({ length: keyValueHeads }, (_, head) => cutSpans(past, rows, cuts, headSize, seed + head * 7)),
    };
  });

describe('attention on the CPU', () => {
  it('equals the reference', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryRequest, async (request) => {
        expect(relativeError(await attention.attend(request), referenceAttention(request))).toBeLessThan(1e-4);
      }),
      { numRuns: 25 },
    );
  });

  it('does not depend on the order of the spans before the rows', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryRequest, async (request) => {
        const turned = { ...request, spans: request.spans.map((spans) => [...spans].reverse()) };
        expect(relativeError(await attention.attend(turned), await attention.attend(request))).toBeLessThan(1e-5);
      }),
      { numRuns: 15 },
    );
  });

  it('gives the same with its mass, and a mass that lies where the attention is', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryRequest, async (request) => {
        const length = request.firstPosition + request.rows;
        const mass = { mass: new Float64Array(length) };
        const withMass = await attention.attendWithMass(request, mass, 0);
        expect(relativeError(withMass, await attention.attend(request))).toBeLessThan(1e-5);
        const rows = request.rows * request.shape.queryHeads;
        const total = mass.mass.reduce((sum, each) => sum + each, 0);
        expect(total).toBeGreaterThan(0);
        expect(total).toBeLessThan(rows * 1.001); // Each row's shares sum to 1 and its peak is at most 1.
        expect(relativeError(mass.mass, referenceMass(request, 0, length))).toBeLessThan(2e-3);
      }),
      { numRuns: 10 },
    );
  });

  it('counts those heads only that are to count, and gives the same output', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryRequest,
        fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
        async (request, heads) => {
          const of = async (counted: readonly boolean[] | undefined) => {
            const mass = new Float64Array(request.firstPosition + request.rows);
            return { mass, output: await attention.attendWithMass(request, { mass, heads: counted }, 4) };
          };
          const [all, some, others] = [await of(undefined), await of(heads), await of(heads.map((each) => !each))];
          expect(relativeError(some.output, all.output)).toBeLessThan(1e-5);
          const sum = some.mass.map((each, token) => each + (others.mass[token] ?? 0));
          if (all.mass.some((each) => each > 0)) expect(relativeError(sum, all.mass)).toBeLessThan(1e-6);
        },
      ),
      { numRuns: 6 },
    );
  });

  it('sums the shares of some rows and query heads over runs of tokens', async () => {
    const picked = fc.record({
      head: fc.nat(),
      queryHeads: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
      rows: fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
      cuts: fc.array(fc.nat(), { minLength: 2, maxLength: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(arbitraryRequest, picked, async (request, draw) => {
        const { queryHeads, keyValueHeads } = request.shape;
        const below = (most: number) => (each: number) => each % most;
        const distinct = (all: readonly number[], most: number) => [...new Set(all.map(below(most)))];
        const borders = distinct(draw.cuts, request.firstPosition + request.rows + 1).sort((a, b) => a - b);
        // Every second run is left out: between those asked for lie tokens that count for none.
        const runs = borders
          .slice(1)
          .flatMap((end, index) => (index % 2 === 0 ? [{ start: borders[index] ?? 0, end }] : []));
        const wanted = {
          head: draw.head % keyValueHeads,
          queryHeads: distinct(draw.queryHeads, queryHeads / keyValueHeads),
          rows: distinct(draw.rows, request.rows),
          runs,
          sums: new Float64Array(runs.length).fill(1),
        };
        await attention.addSums(request, wanted);
        const expected = referenceSums(request, wanted);
        for (const [index, sum] of wanted.sums.entries()) expect(sum - 1).toBeCloseTo(expected[index] ?? Number.NaN, 4);
      }),
      { numRuns: 25 },
    );
  });

  it('finds the one token that is looked at', async () => {
    const headSize = 8;
    const queries = new Float32Array(headSize).fill(4);
    const keys = halves(3, 501 * headSize);
    keys.fill(0x4400, 321 * headSize, 322 * headSize); // 4.0
    const values = halves(4, 501 * headSize);
    const cut = (start: number, end: number) => {
      const part = (bits: Uint16Array) => halfVectors(bits.subarray(start * headSize, end * headSize));
      return { start, end, keys: part(keys), values: part(values) };
    };
    const spans = [cut(0, 100), cut(100, 200), cut(200, 500), cut(500, 501)];
    const mass = { mass: new Float64Array(501) };
    const shape = { queryHeads: 1, keyValueHeads: 1, headSize, scale: 1, softcap: 0, window: 0 };
    await attention.attendWithMass({ shape, queries, rows: 1, firstPosition: 500, spans: [spans] }, mass, 16);
    expect(mass.mass.indexOf(Math.max(...mass.mass))).toBe(321);
    expect(mass.mass[321]).toBeGreaterThan(0.9);
  });
});
