import { expect, it } from 'vitest';
import { describeCurve, fitLogistic } from '../../../build/eval/logistic.ts';
import { overlap } from '../../../build/eval/squad.ts';
import { seededRandom } from '../../../engine/generate/sampling.ts';
import { chanceOf } from '../../../engine/passages/logistic.ts';

it('finds the chances that answers were drawn by', () => {
  const random = seededRandom(3);
  const rows = Array.from({ length: 800 }, () => [4 * random() - 2, 10 * random()]);
  const truth = (row: readonly number[]) => chanceOf({ bias: -1, weights: [1.2, 0.3] }, row);
  const fitted = fitLogistic(
    rows,
    rows.map((row) => random() < truth(row)),
  );
  const errors = rows.map((row) => Math.abs(chanceOf(fitted, row) - truth(row)));
  expect(errors.reduce((sum, each) => sum + each, 0) / rows.length).toBeLessThan(0.05);
});

it('tells how far what was said is from what was right', () => {
  const rated = Array.from({ length: 10 }, (_, index) => ({ probability: 0.85, right: index < 6 }));
  expect(describeCurve(rated)).toContain('| 0.85 | 10 | 0.60 |');
  expect(describeCurve(rated)).toContain('error 0.250');
});

it.each([
  ['The 4,410 crates.', '4410 crates', 1],
  ['Ada Quist', 'Quist', 2 / 3],
  ['yes', 'no', 0],
  ['', 'no', 0],
])('%j shares with %j what SQuAD counts', (said, wanted, share) => {
  expect(overlap(said, wanted)).toBeCloseTo(share, 10);
});
