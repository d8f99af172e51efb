import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  bestSentences,
  type Candidate,
  choose,
  highest,
  mayCorrect,
  probabilityRight,
  signalsOf,
} from '../../../engine/quoting/judge.ts';

it('picks the highest, of equal ones the first', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 }),
      fc.integer({ min: 1, max: 8 }),
      (scores, most) => {
        const sorted = [...scores.keys()].sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
        expect(highest(Float64Array.from(scores), most)).toEqual(sorted.slice(0, most));
      },
    ),
  );
});

it('joins what attention and words find, each sentence once, and goes by words where attention can’t tell', () => {
  const attention = Float64Array.of(0, 0.9, 0.1, 0);
  const words = Float64Array.of(0.2, 0.8, 0, 0.3);
  expect(bestSentences(attention, words, { attention: 2, words: 2 })).toEqual([1, 3, 2]);
  expect(bestSentences(undefined, words, { attention: 2, words: 2 })).toEqual([1, 3]);
});

it('weighs what reading again says with what was found', () => {
  const sure: Candidate = { sentence: 0, found: 0.2, refused: 0.02 };
  const near: Candidate = { sentence: 1, found: 0.4, refused: 0.95 };
  expect(choose([near, sure], 1.5)).toBe(sure);
  expect(choose([near, sure], 10)).toBe(near);
  expect(choose([], 1.5)).toBeUndefined();
});

it('lets a later sentence correct one that was found as well, if it answers', () => {
  const chosen: Candidate = { sentence: 4, found: 0.4, refused: 0.02 };
  expect(mayCorrect({ sentence: 9, found: 0.3, refused: 0.2 }, chosen)).toBe(true);
  expect(mayCorrect({ sentence: 3, found: 0.3, refused: 0.2 }, chosen)).toBe(false);
  expect(mayCorrect({ sentence: 9, found: 0.1, refused: 0.2 }, chosen)).toBe(false);
  expect(mayCorrect({ sentence: 9, found: 0.3, refused: 0.7 }, chosen)).toBe(false);
});

it('is the less sure the more is refused, the less was found and the less the span was pointed at', () => {
  const confidence = { bias: 1, weights: { taken: 1, found: 0.5, pointed: 0.3 } };
  const rated = (found: number, refused: number, chance: number) =>
    probabilityRight(confidence, signalsOf({ sentence: 0, found, refused }, chance));
  const best = rated(0.5, 0, 0.5);
  expect(best).toBeGreaterThan(0.5);
  expect(rated(0.5, 0.5, 0.5)).toBeLessThan(best);
  expect(rated(0.2, 0, 0.5)).toBeLessThan(best);
  expect(rated(0.5, 0, 0.1)).toBeLessThan(best);
  expect(rated(0, 1, 0)).toBeGreaterThan(0);
});
