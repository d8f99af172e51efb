/** Finds passages by the words that they share with a question: BM25+ of `minisearch` over passages of a few sentences. */
import MiniSearch from 'minisearch';
import type { Page } from '../documents/document.ts';
import { type Passage, passagesOf } from './passage-windows.ts';

const WORDS = new Intl.Segmenter(undefined, { granularity: 'word' });
/** Words that every question has and that say nothing of what is asked; rare in some texts, so that BM25 would follow them. */
const OF_QUESTIONS = new Set(
  'a an and are as at be been by can could did do does for from had has have how if in into is it its many much of on or that the their them there they this to was were what when where which who whom whose why will with would you your'.split(
    ' ',
  ),
);
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
    const asked = wordsOf(question).filter((word) => !OF_QUESTIONS.has(word.toLowerCase()));
    return this.#index.search((asked.length > 0 ? asked : wordsOf(question)).join(' '), {
      prefix: (term) => term.length >= LONG_ENOUGH,
      weights: { fuzzy: 0, prefix: 0.5 },
    });
  }
}

/** Also of scripts that put no spaces between words. */
function wordsOf(text: string): string[] {
  return [...WORDS.segment(text)].filter(({ isWordLike }) => isWordLike).map(({ segment }) => segment);
}

/** Without accents and case, and without the endings that English gives to the same word. */
function termOf(word: string): string {
  const plain = word.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return plain.length > LONG_ENOUGH ? plain.replace(/(?:'s|’s|ies|es|s|ed|ing)$/, '') : plain;
}
