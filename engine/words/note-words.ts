/** Words for what a reader should know of how a document was read. */
import type { Note } from '../documents/document.ts';
import { languageName } from '../documents/recognition/languages.ts';
import { count, duration, plural } from './amounts.ts';
import type { Front } from './wording.ts';

/** One sentence, or two. */
export function noteWords(note: Note, front: Front): string {
  return (WORDS[note.code] as (note: Note, front: Front) => string)(note, front);
}

type Kind<Code extends Note['code']> = Extract<Note, { code: Code }>;

const WORDS: { readonly [Code in Note['code']]: (note: Kind<Code>, front: Front) => string } = {
  'pages-damaged': ({ pages }) => `Damaged and not read: ${pageList(pages)}.`,
  'pages-without-text': ({ pages }) => `Without text (blank or scanned pictures): ${pageList(pages)}.`,
  'pages-garbled': ({ pages }) => `The letters of ${pageList(pages)} are coded in a way that gives no words.`,
  'pages-recognised': ({ pages, language }) =>
    `The words of ${pageList(pages)} were recognised in pictures (${languageName(language)}); single letters may be wrong.`,
  'recognition-uncertain': ({ pages }) =>
    `Hard to recognise: ${pageList(pages)}. Compare what is read there with the picture.`,
  'recognition-offered': ({ pages, seconds }, front) =>
    `Scanned and not read: ${pageList(pages)}. Recognising their words takes ${duration(seconds)}${front === 'terminal' ? ' (--recognise)' : ''}.`,
  'pictures-too-large': ({ pages }) => `Pictures too large to be looked at: ${pageList(pages)}.`,
  'encoding-guessed': ({ encoding }) =>
    `The text is not UTF-8; it was read as ${encoding}, and some characters may be wrong.`,
  'pictures-left-out': ({ count: pictures }) =>
    `${plural(pictures, 'picture')} ${pictures === 1 ? 'was' : 'were'} left out.`,
  'article-only': () => 'Only the main article of the page was read; menus and asides were left out.',
  'attachments-left-out': ({ names }) => `Attached and not read: ${names.join(', ')}.`,
  'parts-damaged': ({ parts }) => `Damaged and not read: ${parts.join(', ')}.`,
  'read-partly': ({ what, read, of }) => `Only the first ${count(read)} of ${count(of)} ${what} were read.`,
};

/** "page 3", "pages 3, 5–9". */
export function pageList(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  const texts = ranges.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`));
  return `${numbers.length === 1 ? 'page' : 'pages'} ${texts.join(', ')}`;
}
