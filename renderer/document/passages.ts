/**
 * Finds a passage of the read text in the text that is shown. The two differ in spaces, hyphens and line breaks, so both are brought
 * down to letters and digits, and the places are kept. They may differ in order too: what stands in columns is often drawn line by
 * line across them, and tables column by column. So a passage is found piece by piece.
 */
interface Place {
  readonly node: Text;
  readonly offset: number;
}

/** A stretch of letters, the end exclusive. */
export interface Piece {
  readonly start: number;
  readonly end: number;
}

/** Shortest piece of a passage, in letters, that counts as found wherever it stands; a shorter one must stand in one place only. */
const SHORTEST = 12;

/** The ranges of the passage within an element, in the order of the passage; none where it is not there. */
export function findPassage(element: Element, passage: string): Range[] {
  const places: Place[] = [];
  let shown = '';
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node as Text;
    for (const { letter, offset } of letters(text.data)) {
      shown += letter;
      for (let unit = 0; unit < letter.length; unit++) places.push({ node: text, offset });
    }
  }
  return piecesOf(shown, passage).flatMap(({ start, end }) => rangeOf(places[start], places[end - 1]));
}

function rangeOf(first: Place | undefined, last: Place | undefined): Range[] {
  if (!first || !last) return [];
  const range = document.createRange();
  range.setStart(first.node, first.offset);
  range.setEnd(last.node, Math.min(last.node.length, last.offset + 1));
  return [range];
}

function* letters(text: string): Generator<{ letter: string; offset: number }> {
  let offset = 0;
  for (const character of text) {
    if (/[\p{L}\p{N}]/u.test(character)) yield { letter: character.normalize('NFKC').toLowerCase(), offset };
    offset += character.length;
  }
}

export function lettersOf(text: string): string {
  return [...letters(text)].map(({ letter }) => letter).join('');
}

/** Where a passage stands in letters: whole where it stands so, else its lines and cells, and of those as long stretches as there are. */
export function piecesOf(shown: string, passage: string): Piece[] {
  const whole = shown.indexOf(lettersOf(passage));
  if (whole >= 0 && lettersOf(passage) !== '') return [{ start: whole, end: whole + lettersOf(passage).length }];
  const pieces: Piece[] = [];
  for (const part of passage.split(/[\n|]/)) findPart(shown, lettersOf(part), pieces);
  return pieces;
}

/** Adds the pieces of a line or cell. */
function findPart(shown: string, part: string, pieces: Piece[]): void {
  for (let at = 0; at < part.length; ) {
    const length = longestPrefix(shown, part.slice(at));
    const isWhole = at === 0 && length === part.length;
    const start = isWhole || length >= SHORTEST ? placeOf(shown, part.slice(at, at + length), pieces) : -1;
    if (start >= 0) pieces.push({ start, end: start + length });
    at += start >= 0 ? length : 1;
  }
}

/** Length of the longest beginning that stands in the text. */
function longestPrefix(shown: string, text: string): number {
  let [least, most] = [0, text.length];
  while (least < most) {
    const middle = (least + most + 1) >> 1;
    if (shown.includes(text.slice(0, middle))) least = middle;
    else most = middle - 1;
  }
  return least;
}

/** Of several places the one nearest to the piece before; -1 where a short piece stands in several and there is none before. */
function placeOf(shown: string, text: string, pieces: readonly Piece[]): number {
  const found: number[] = [];
  for (let at = shown.indexOf(text); at >= 0 && text !== ''; at = shown.indexOf(text, at + 1)) found.push(at);
  const before = pieces.at(-1);
  if (!before) return text.length >= SHORTEST || found.length === 1 ? (found[0] ?? -1) : -1;
  return found.reduce((best, at) => (distance(at, before) < distance(best, before) ? at : best), found[0] ?? -1);
}

function distance(at: number, { start, end }: Piece): number {
  return at >= end ? at - end : start - at;
}
