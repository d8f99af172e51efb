/** What is shown in place of an answer that could not be given: the passages that come closest to the question, and how each was found. */
import type { AnswerPage, ClosestPassage } from '../engine.ts';
import type { Passage } from './passage-windows.ts';

const SHOWN = 3;

/**
 * By words and by attention in turn, one a page, those first that both found. Both lists best first.
 * Words come first: they don't depend on what the model understands.
 */
export function closestPassages(byWords: readonly Passage[], byAttention: readonly AnswerPage[]): ClosestPassage[] {
  const words = byWords.map(({ page, text }): ClosestPassage => ({ page, passage: text, foundBy: ['words'] }));
  const attention = byAttention.map(({ page, passage }): ClosestPassage => ({ page, passage, foundBy: ['attention'] }));
  const both = words
    .filter(({ page }) => attention.some((each) => each.page === page))
    .map((each): ClosestPassage => ({ ...each, foundBy: ['words', 'attention'] }));
  const inTurn = words.flatMap((each, index) => [each, ...attention.slice(index, index + 1)]);
  return firstOfEachPage([...both, ...inTurn, ...attention.slice(words.length)]).slice(0, SHOWN);
}

function firstOfEachPage(passages: readonly ClosestPassage[]): ClosestPassage[] {
  return passages.filter(({ page }, index) => passages.findIndex((each) => each.page === page) === index);
}
