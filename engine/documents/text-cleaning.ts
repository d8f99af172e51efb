/** Mends what the way to the page did to the text: line breaks, hyphens at line ends, repeated headers and footers. */

/** Joins the lines of a paragraph; a word hyphenated at a line's end becomes one. */
export function joinLines(lines: readonly string[]): string {
  let text = '';
  for (const line of lines.map((each) => each.trim()).filter(Boolean)) {
    if (text === '') text = line;
    else if (/\p{L}[-‐\u00ad]$/u.test(text) && /^\p{Ll}/u.test(line)) text = text.slice(0, -1) + line;
    else text += ` ${line}`;
  }
  return text;
}

const EDGE_LINES = 2;
const FEWEST_PAGES = 4;
const REPEATED_SHARE = 0.5;

/** A line with its digits blanked, so that "Page 3" and "Page 4" are the same line. */
function pattern(line: string): string {
  return line.trim().toLowerCase().replace(/\d+/g, '#');
}

/** Drops lines at the top or bottom of pages that stand there on at least half of the pages. */
export function dropRepeatedEdges(pages: readonly (readonly string[])[]): string[][] {
  if (pages.length < FEWEST_PAGES) return pages.map((lines) => [...lines]);
  const counts = new Map<string, number>();
  for (const lines of pages) {
    for (const line of new Set(edges(lines).map(pattern))) counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  const repeated = (line: string) => (counts.get(pattern(line)) ?? 0) >= pages.length * REPEATED_SHARE;
  return pages.map((lines) => lines.filter((line, index) => !(isEdge(index, lines.length) && repeated(line))));
}

function isEdge(index: number, length: number): boolean {
  return index < EDGE_LINES || index >= length - EDGE_LINES;
}

function edges(lines: readonly string[]): string[] {
  return lines.filter((line, index) => isEdge(index, lines.length) && line.trim() !== '');
}

/** Hard-wrapped plain text: blank lines part paragraphs, single breaks join, unless the lines are short on purpose. */
export function unwrap(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .split(/\n[ \t]*\n+/)
    .map((block) => (isWrapped(block) ? joinLines(block.split('\n')) : block.trim()))
    .filter(Boolean)
    .join('\n');
}

const WRAP_WIDTH = 45;

/** Lines of prose are all long but the last; lists, verse and tables are not. */
function isWrapped(block: string): boolean {
  const lines = block.split('\n').filter((line) => line.trim() !== '');
  const full = lines.slice(0, -1);
  if (full.some((line) => /^\s*([-*•#>|]|\d+[.)])\s/.test(line))) return false;
  return full.filter((line) => line.trim().length >= WRAP_WIDTH).length >= full.length * 0.8;
}
