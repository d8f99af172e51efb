import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rankPages } from '../../engine/evidence.ts';

const pages = [
  { page: 1, start: 4, end: 104 },
  { page: 2, start: 104, end: 104 },
  { page: 3, start: 104, end: 164 },
  { page: 5, start: 164, end: 400 },
];

describe('evidence', () => {
  it('ranks pages by their mass and finds the passage', () => {
    const mass = new Float64Array(400);
    mass.fill(2, 120, 124);
    mass[350] = 3;
    mass[2] = 100; // Template, on no page.
    const [first, second, ...rest] = rankPages(mass, pages);
    expect(first).toMatchObject({ page: 3, share: 8 / 11 });
    expect(first?.passage.start).toBeLessThanOrEqual(120);
    expect(first?.passage.end).toBeGreaterThanOrEqual(124);
    expect(second).toMatchObject({ page: 5, share: 3 / 11 });
    expect(rest).toEqual([]);
  });

  it('has no pages to name where there is no mass', () => expect(rankPages(new Float64Array(400), pages)).toEqual([]));

  it('gives at most three, in order, with shares of at most 1 together, and passages within their page', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 400, maxLength: 400 }),
        (weights) => {
          const ranked = rankPages(Float64Array.from(weights), pages);
          const shares = ranked.map((each) => each.share);
          expect(ranked.length).toBeLessThanOrEqual(3);
          expect(shares).toEqual([...shares].sort((a, b) => b - a));
          expect(shares.reduce((sum, share) => sum + share, 0)).toBeLessThanOrEqual(1 + 1e-9);
          for (const { page, passage } of ranked) {
            const place = pages.find((each) => each.page === page);
            expect(passage.start >= (place?.start ?? 0) && passage.end <= (place?.end ?? 0)).toBe(true);
          }
        },
      ),
    );
  });
});
