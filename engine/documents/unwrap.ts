/** Hard-wrapped plain text: blank lines part paragraphs, single breaks join, unless the lines are short on purpose. */
import { joinLines, vocabularyOf } from './layout/joining.ts';

export function unwrap(text: string): string {
  const lines = text.replace(/\r\n?/g, '\n');
  const vocabulary = vocabularyOf(lines.split('\n'));
  return lines
    .split(/\n[ \t]*\n+/)
    .map((block) => (isWrapped(block) ? joinLines(block.split('\n'), vocabulary) : block.replace(/^\n+|\s+$/g, '')))
    .filter(Boolean)
    .join('\n');
}

const WRAP_WIDTH = 45;

/** What begins no line of prose: an item, a quotation, a heading, a table's row, the bounds of code. */
const NO_PROSE = /^\s*(([-*•>]|#{1,6}|\d+[.)])\s|\||```|~~~)/;

/** Lines of prose are all long but the last; lists, verse and tables are not. */
function isWrapped(block: string): boolean {
  const lines = block.split('\n').filter((line) => line.trim() !== '');
  const full = lines.slice(0, -1);
  if (full.some((line) => NO_PROSE.test(line))) return false;
  return full.filter((line) => line.trim().length >= WRAP_WIDTH).length >= full.length * 0.8;
}
