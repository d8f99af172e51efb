/** Token ids of a page sentence by sentence, so that each sentence's tokens are known whatever the tokenizer merges. */
import type { Tokenizer } from '../model/tokenizer.ts';
import { sentenceRanges } from './cut-sentences.ts';

export interface SentenceTokens {
  /** As it stands in the document, no white space around it. */
  readonly text: string;
  /** Positions of its tokens, end exclusive. The first may have a space in front. */
  readonly start: number;
  readonly end: number;
}

/**
 * Adds a text's ids to `ids`, and gives its sentences. White space in front of a sentence up to its last line break is encoded by
 * itself, the rest of it with the sentence: a space belongs to the word behind it.
 */
export function tokeniseSentences(
  tokenizer: Pick<Tokenizer, 'encodeText'>,
  text: string,
  ids: number[],
): SentenceTokens[] {
  const add = (piece: string) => {
    if (piece !== '') for (const id of tokenizer.encodeText(piece)) ids.push(id);
  };
  const sentences: SentenceTokens[] = [];
  let done = 0;
  for (const range of sentenceRanges(text)) {
    const own = text.slice(done, range.start).lastIndexOf('\n') + 1 + done;
    add(text.slice(done, own));
    const start = ids.length;
    add(text.slice(own, range.end));
    sentences.push({ text: text.slice(range.start, range.end), start, end: ids.length });
    done = range.end;
  }
  add(text.slice(done));
  return sentences;
}
