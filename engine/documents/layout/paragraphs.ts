/** Groups lines to paragraphs. */
import { LIST_MARKER } from './tables.ts';

export interface Line {
  readonly text: string;
  readonly left: number;
  /** Downwards. */
  readonly y: number;
  readonly height: number;
}

/** A new paragraph begins after a gap, a change of size, an indent, at a list's marker, or after a jump to another column. */
export function toParagraphs<Each extends Line>(lines: readonly Each[]): Each[][] {
  const spacing = commonSpacing(lines);
  const paragraphs: Each[][] = [];
  for (const [index, line] of lines.entries()) {
    const previous = lines[index - 1];
    if (!previous || startsParagraph(previous, line, spacing)) paragraphs.push([]);
    paragraphs.at(-1)?.push(line);
  }
  return paragraphs;
}

const SENTENCE_END = /[.!?:]["'”’)]?$/;

function startsParagraph(previous: Line, line: Line, spacing: number): boolean {
  const drop = line.y - previous.y;
  if (Math.abs(previous.height - line.height) > Math.max(previous.height, line.height) * 0.2) return true;
  if (LIST_MARKER.test(line.text.split(' ', 1)[0] ?? '') && line.text.includes(' ')) return beginsItem(previous, line);
  // A jump upwards is the next column: the paragraph goes on there unless its last sentence was over.
  if (drop <= 0) return SENTENCE_END.test(previous.text);
  return drop > spacing * 1.35 || (line.left - previous.left > line.height * 0.8 && SENTENCE_END.test(previous.text));
}

/** A dash or a number at a line's start may also be the middle of a sentence: an item stands after an end, or is set apart. */
function beginsItem(previous: Line, line: Line): boolean {
  const marker = line.text.split(' ', 1)[0] ?? '';
  if (/^[•·▪◦‣○●■□➢✓]$/.test(marker)) return true;
  const before = previous.text.split(' ', 1)[0] ?? '';
  return SENTENCE_END.test(previous.text) || LIST_MARKER.test(before) || line.left !== previous.left;
}

/** The median distance between neighbouring lines. */
function commonSpacing(lines: readonly Line[]): number {
  const drops = lines
    .slice(1)
    .map((line, index) => line.y - (lines[index]?.y ?? 0))
    .filter((drop) => drop > 0)
    .sort((a, b) => a - b);
  return drops[Math.floor(drops.length / 2)] ?? Number.POSITIVE_INFINITY;
}
