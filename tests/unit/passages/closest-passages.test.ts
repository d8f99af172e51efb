import { expect, it } from 'vitest';
import { closestPassages } from '../../../engine/passages/closest-passages.ts';

const words = (...pages: number[]) => pages.map((page) => ({ page, text: `words ${page}` }));
const attention = (...pages: number[]) => pages.map((page) => ({ page, share: 0.5, passage: `attention ${page}` }));

it('takes them in turn, words first', () => {
  const found = closestPassages(words(1, 2, 3), attention(4, 5));
  expect(found.map(({ page, foundBy }) => [page, foundBy.join()])).toEqual([
    [1, 'words'],
    [4, 'attention'],
    [2, 'words'],
  ]);
});

it('shows a page once, and first where both found it', () => {
  const found = closestPassages(words(1, 2), attention(2, 3));
  expect(found.map(({ page, foundBy }) => [page, foundBy.join()])).toEqual([
    [2, 'words,attention'],
    [1, 'words'],
    [3, 'attention'],
  ]);
});

it('shows what there is', () => {
  expect(closestPassages([], attention(1, 2)).map(({ page }) => page)).toEqual([1, 2]);
  expect(closestPassages(words(1), []).map(({ page }) => page)).toEqual([1]);
  expect(closestPassages([], [])).toEqual([]);
});
