/** Pages as token ids, with the place of each page, and of each sentence where a model quotes. */
import type { Page } from '../documents/document.ts';
import type { PageTokens } from '../evidence.ts';
import type { Model } from '../model/model.ts';
import { type SentenceTokens, tokeniseSentences } from '../quoting/tokenise-sentences.ts';

/** A document as token ids, with the place of each page. */
export interface TokenisedDocument {
  readonly ids: readonly number[];
  readonly pages: readonly PageTokens[];
  /** Of models that answer by quoting; none crosses from page to page. */
  readonly sentences: readonly SentenceTokens[];
}

export function tokeniseDocument(model: Model, pages: readonly Page[]): TokenisedDocument {
  const ids = [...model.layout.beforeDocument];
  const placed: PageTokens[] = [];
  const sentences: SentenceTokens[] = [];
  const quotes = answersByQuoting(model);
  for (const page of pages) {
    const start = ids.length;
    const text = page.text !== '' && placed.some((each) => each.end > each.start) ? `\n${page.text}` : page.text;
    if (quotes) for (const sentence of tokeniseSentences(model.tokenizer, text, ids)) sentences.push(sentence);
    else if (text !== '') for (const id of model.tokenizer.encodeText(text)) ids.push(id);
    placed.push({ page: page.number, start, end: ids.length });
  }
  return { ids, pages: placed, sentences };
}

/** Whether a model's answers are cut out of the document; elsewhere than where its attention can be asked it writes them, as others do. */
export function answersByQuoting({ quoting, decoder }: Pick<Model, 'quoting' | 'decoder'>): boolean {
  return quoting !== undefined && decoder.tellsSums;
}

/** The page of the last token read, of so many. */
export function pageAt(pages: readonly PageTokens[], tokens: number): number {
  return pages.findLast(({ start }) => start < tokens)?.page ?? 0;
}
