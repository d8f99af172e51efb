/** Finds passages by the words that they share with a question: BM25+ of `minisearch` over passages of a few sentences. */
import MiniSearch from 'minisearch';
import type { Page } from '../documents/document.ts';
import { type Passage, passagesOf } from './passage-windows.ts';
import { askedWords, termOf, wordsOf } from './words.ts';

/** Beginnings of words that count for half a word. */
const LONG_ENOUGH = 4;

export class WordSearch {
  readonly #passages: readonly Passage[];
  readonly #index: MiniSearch<{ id: number; text: string }>;

  constructor(pages: readonly Page[]) {
    this.#passages = passagesOf(pages);
    this.#index = new MiniSearch({ fields: ['text'], tokenize: wordsOf, processTerm: termOf });
    this.#index.addAll(this.#passages.map(({ text }, id) => ({ id, text })));
  }

  /** The best passages, one a page, best first; none where no word of the question stands in the text. */
  find(question: string, most: number): Passage[] {
    const found: Passage[] = [];
    for (const { id } of this.#search(question)) {
      const passage = this.#passages[id as number];
      if (passage && found.every(({ page }) => page !== passage.page)) found.push(passage);
      if (found.length === most) break;
    }
    return found;
  }

  #search(question: string) {
    return this.#index.search(askedWords(question).join(' '), {
      prefix: (term) => term.length >= LONG_ENOUGH,
      weights: { fuzzy: 0, prefix: 0.5 },
    });
  }
}
