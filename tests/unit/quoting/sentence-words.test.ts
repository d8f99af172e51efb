import { expect, it } from 'vitest';
import { SentenceWords } from '../../../engine/quoting/sentence-words.ts';

const FUNCTION_WORDS = new Set('who the of is in a was by what how many did'.split(' '));
const sentences = [
  'The bridge was built by Ada Quist in 1893.',
  'It crosses the Orle, and nobody knows what it cost.',
  'A second bridge was planned in 1911, but never built.',
  'How it was paid for is told in the annals of Orleham.',
];

it('is what PyTorch’s side reckons', () => {
  // candidates.Words(sentences).scores(...) with the same function words.
  const scores = new SentenceWords(sentences, FUNCTION_WORDS).scores('Who built the bridge?');
  const expected = [1.0186336, 0.3040939, 1.003672, 0.2007344];
  expect(scores).toHaveLength(expected.length);
  for (const [index, score] of scores.entries()) expect(score).toBeCloseTo(expected[index] ?? Number.NaN, 6);
});

it('follows no word that says nothing of what is asked', () => {
  const words = new SentenceWords(sentences, FUNCTION_WORDS);
  const scores = words.scores('How was the Orle crossed?');
  expect(scores.indexOf(Math.max(...scores))).toBe(1);
});

it('keeps a question of nothing but such words', () => {
  expect(Math.max(...new SentenceWords(sentences, FUNCTION_WORDS).scores('By how many?'))).toBeGreaterThan(0);
});

it('knows a document without words', () => {
  expect([...new SentenceWords([], FUNCTION_WORDS).scores('Who?')]).toEqual([]);
  expect([...new SentenceWords(['…', '!'], FUNCTION_WORDS).scores('Who built it?')]).toEqual([0, 0]);
});
