/** Joins lines to paragraphs, and words that were parted at a line's end. */

/** Words of a document by which it is judged whether a hyphen at a line's end belongs to the word. */
export interface Vocabulary {
  readonly words: ReadonlySet<string>;
}

/** Letters; what is longer is no word. */
const LONGEST_WORD = 64;
const NOTHING_KNOWN: Vocabulary = { words: new Set() };
const WORD = /\p{L}+(?:-\p{L}+)*/gu;
const PARTED = /\p{L}[-‐\u00ad]$/u;
const LAST_WORD = /\p{L}+$/u;

function addWord(words: Set<string>, word: string): void {
  words.add(word);
  if (word.includes('-')) for (const part of word.split('-')) words.add(part);
}

/** All words of the lines, in lower case, but those that a line's end parts. */
export function vocabularyOf(lines: Iterable<string>): Vocabulary {
  const words = new Set<string>();
  let parted = false;
  for (const line of lines) {
    const found = line.toLowerCase().match(WORD) ?? [];
    const partedHere = PARTED.test(line.slice(-2));
    for (const word of found.slice(parted ? 1 : 0, partedHere ? -1 : undefined)) addWord(words, word);
    parted = partedHere;
  }
  return { words };
}

/** Joins the lines of a paragraph; a word parted at a line's end becomes one, with or without its hyphen. */
export function joinLines(lines: readonly string[], vocabulary: Vocabulary = NOTHING_KNOWN): string {
  let text = '';
  for (const line of lines.map((each) => each.trim()).filter(Boolean)) {
    if (text === '') text = line;
    else text = joinTwo(text, line, vocabulary);
  }
  return text;
}

function joinTwo(text: string, line: string, { words }: Vocabulary): string {
  // Of a long paragraph only its end is looked at: it is asked of for every line.
  const end = text.slice(-LONGEST_WORD);
  const first = PARTED.test(end) ? LAST_WORD.exec(end.slice(0, -1))?.[0] : undefined;
  const second = /^\p{L}+/u.exec(line)?.[0];
  if (first === undefined || second === undefined || /^(and|or|to|und|oder|et|ou|y|o)$/.test(second)) {
    return `${text} ${line}`;
  }
  if (text.endsWith('\u00ad')) return text.slice(0, -1) + line;
  return keepsHyphen(first, second, words) ? text + line : text.slice(0, -1) + line;
}

/** First parts that are joined by a hyphen and begin no longer word. */
const FIRST_PARTS = /^(well|self|half|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)$/;
/** Second parts that are joined by a hyphen and end no longer word. */
const SECOND_PARTS =
  /^(term|range|lasting|standing|distance|based|related|level|scale|quality|specific|friendly|driven|oriented|known|party)$/;

function keepsHyphen(first: string, second: string, words: ReadonlySet<string>): boolean {
  if (!/^\p{Ll}/u.test(second)) return true;
  const one = first.toLowerCase();
  const other = second.toLowerCase();
  if (words.has(`${one}-${other}`)) return true;
  if (words.has(one + other)) return false;
  if (FIRST_PARTS.test(one) && !/^(ness|ing|ed|ish|fare|come|ington)$/.test(other)) return true;
  if (one.length > 2 && SECOND_PARTS.test(other)) return true;
  return words.has(one) && words.has(other) && one.length > 2 && other.length > 2;
}
