/**
 * Cuts a page into sentences as the quoting reader learnt them (`build/model/quoting/text.py`): at full stops, question and exclamation
 * marks in front of a capital or a digit, and at line breaks; long ones at the punctuation nearest to their middle.
 */

/** In characters of the page, end exclusive, no white space at either end. */
export interface SentenceRange {
  readonly start: number;
  readonly end: number;
}

const ABBREVIATIONS = new Set(
  `mr mrs ms dr st prof col capt gen lt sgt rev hon jr sr vs etc no nos vol fig ed eds pp cf viz inc ltd co corp dept approx ca jan feb
mar apr jun jul aug sep sept oct nov dec e.g i.e a.m p.m u.s u.k`.split(/\s+/),
);
// Closing marks are bounded: a page of nothing but full stops would be gone over once for each of them.
const BOUNDARY = /[.!?][.!?"'”’)\]]{0,20}\s+(?=["'“‘([]?[\p{Lu}\p{Lt}\p{N}])|[。！？][”’」』）]*|\n+/gu;
/** Longer sentences are parted: what is read again has to stay short. In characters. */
const LONGEST = 260;
/** Pieces of a parted sentence have at least so many characters. */
const SHORTEST = 20;
const PARTING = [/[;:]\s+/gu, /,\s+/gu, /\s+/gu];
/** Text without a space is parted anywhere. */
const ANYWHERE = 4 * LONGEST;

export function sentenceRanges(text: string): SentenceRange[] {
  const ranges: SentenceRange[] = [];
  let start = 0;
  for (const match of [...text.matchAll(BOUNDARY), undefined]) {
    const end = match ? match.index + match[0].length : text.length;
    if (match && !match[0].includes('\n') && endsAbbreviated(text.slice(start, match.index + 1))) continue;
    ranges.push(...parted(text, start, end));
    start = end;
  }
  return ranges.map((range) => trimmed(text, range)).filter(({ start: from, end }) => end > from);
}

/** Whether the full stop at the end belongs to an abbreviation or an initial. */
function endsAbbreviated(text: string): boolean {
  // The last word alone: sentences may be long, and this is asked at every full stop.
  const word = text.slice(-30).match(/(\S+?)\.$/u)?.[1];
  if (word === undefined) return false;
  const bare = word.replace(/^["'“‘([]+/u, '').toLowerCase();
  return ABBREVIATIONS.has(bare) || /^\p{L}$/u.test(bare);
}

function parted(text: string, start: number, end: number): SentenceRange[] {
  if (end - start <= LONGEST) return [{ start, end }];
  const cut = cutNearMiddle(text, start, end);
  return cut === undefined ? [{ start, end }] : [...parted(text, start, cut), ...parted(text, cut, end)];
}

function cutNearMiddle(text: string, start: number, end: number): number | undefined {
  const middle = (start + end) / 2;
  const piece = text.slice(start, end);
  for (const pattern of PARTING) {
    const cuts = [...piece.matchAll(pattern)]
      .map((match) => start + match.index + match[0].length)
      .filter((place) => place - start > SHORTEST && end - place > SHORTEST);
    const [first, ...others] = cuts;
    if (first === undefined) continue;
    return others.reduce((best, place) => (Math.abs(place - middle) < Math.abs(best - middle) ? place : best), first);
  }
  return end - start > ANYWHERE ? wholeCharacter(text, Math.floor(middle)) : undefined;
}

/** Not between the two halves of a character. */
function wholeCharacter(text: string, place: number): number {
  return /^[\uDC00-\uDFFF]/.test(text[place] ?? '') ? place + 1 : place;
}

function trimmed(text: string, { start, end }: SentenceRange): SentenceRange {
  const piece = text.slice(start, end);
  return { start: start + piece.length - piece.trimStart().length, end: start + piece.trimEnd().length };
}
