/** Cuts pages into passages of a few sentences: what is shown of a document where no answer can be given. */
import type { Page } from '../documents/document.ts';

export interface Passage {
  readonly page: number;
  readonly text: string;
}

const SENTENCES = new Intl.Segmenter('en', { granularity: 'sentence' });
/** A passage takes in sentences until it has so many characters: two or three of prose. */
const WANTED = 240;
/** Tables and lists have no full stops; so long a sentence is cut at white space. */
const LONGEST = 600;

/** Every character of a page that is no white space is in a passage; each passage begins with the sentence that the one before ends with. */
export function passagesOf(pages: readonly Page[]): Passage[] {
  return pages.flatMap(({ number, text }) => windows(sentencesOf(text)).map((each) => ({ page: number, text: each })));
}

function sentencesOf(text: string): string[] {
  return [...SENTENCES.segment(text)].flatMap(({ segment }) => pieces(segment)).filter((each) => each.trim() !== '');
}

function pieces(sentence: string): string[] {
  if (sentence.length <= LONGEST) return [sentence];
  const space = sentence.lastIndexOf(' ', LONGEST);
  const cut = space > LONGEST / 2 ? space + 1 : LONGEST;
  return [sentence.slice(0, cut), ...pieces(sentence.slice(cut))];
}

function windows(sentences: readonly string[]): string[] {
  const found: string[] = [];
  for (let first = 0; first < sentences.length; ) {
    let after = first;
    let text = '';
    while (after < sentences.length && text.length < WANTED) text += sentences[after++];
    found.push(text.trim());
    first = after < sentences.length ? Math.max(first + 1, after - 1) : after;
  }
  return found;
}
