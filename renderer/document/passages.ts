/**
 * Finds a passage of the read text in the text that is shown. The two differ in spaces, hyphens and line breaks, so both are
 * brought down to letters and digits, and the places are kept.
 */
interface Place {
  readonly node: Text;
  readonly offset: number;
}

/** Shortest piece of a passage, in letters, that counts as found. */
const SHORTEST = 12;

/** The range of the passage within an element; the longest part of it that is there where it begins or ends elsewhere. */
export function findPassage(element: Element, passage: string): Range | undefined {
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
  const wanted = [...letters(passage)].map(({ letter }) => letter).join('');
  const found = longestPart(shown, wanted);
  const first = found && places[found.start];
  const last = found && places[found.end - 1];
  if (!first || !last) return undefined;
  const range = document.createRange();
  range.setStart(first.node, first.offset);
  range.setEnd(last.node, Math.min(last.node.length, last.offset + 1));
  return range;
}

function* letters(text: string): Generator<{ letter: string; offset: number }> {
  let offset = 0;
  for (const character of text) {
    if (/[\p{L}\p{N}]/u.test(character)) yield { letter: character.normalize('NFKC').toLowerCase(), offset };
    offset += character.length;
  }
}

/** The longest run of `wanted` that stands in `text`, by its beginning or by its end; undefined where it is too short. */
export function longestPart(text: string, wanted: string): { start: number; end: number } | undefined {
  for (let length = wanted.length; length >= Math.min(SHORTEST, wanted.length) && length > 0; length--) {
    for (const part of [wanted.slice(0, length), wanted.slice(wanted.length - length)]) {
      const start = text.indexOf(part);
      if (start >= 0) return { start, end: start + length };
    }
  }
  return undefined;
}
