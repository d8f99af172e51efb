/** What the quoting reader has to know of a tokenizer's tokens: which say what a question is about, and which may begin a word. */
import type { Tokenizer } from '../model/tokenizer.ts';
import type { QuotingFile } from './quoting-file.ts';

const LETTERS = /^[\p{L}\p{N}]+$/u;
const BEGINS_WITH_LETTER = /^[\p{L}\p{N}]/u;
/** Ends of "it's" and "don't". */
const REMAINDERS = new Set(['s', 't']);

export class Vocabulary {
  readonly #tokenizer: Pick<Tokenizer, 'decode'>;
  readonly #functionWords: ReadonlySet<string>;

  constructor(tokenizer: Pick<Tokenizer, 'decode'>, { functionWords }: Pick<QuotingFile, 'functionWords'>) {
    this.#tokenizer = tokenizer;
    this.#functionWords = new Set([...functionWords, ...REMAINDERS]);
  }

  /** Special tokens spell nothing, and so are not telling. */
  isTelling(id: number): boolean {
    const word = this.#tokenizer
      .decode([id])
      .replace(/^ +| +$/g, '')
      .toLowerCase();
    return LETTERS.test(word) && !this.#functionWords.has(word);
  }

  /** Whether a token can't go on with the word before it. */
  opensWord(id: number): boolean {
    return !BEGINS_WITH_LETTER.test(this.#tokenizer.decode([id]));
  }
}
