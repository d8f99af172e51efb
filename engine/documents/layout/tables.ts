/** Tables: which bands are some, which of their lines are one row, and how they are written. */
import { type Band, cellsOf } from './bands.ts';
import type { Row, Segment } from './runs.ts';

export type Cells = readonly (readonly string[])[];

/** A column of prose: most of its lines are long and fill it. */
const PROSE_CHARACTERS = 24;
const PROSE_FILLED = 0.7;

/** Whether the columns of a band are read row by row: cells side by side that are no prose and not drawn column by column. */
export function isTable(band: Band): boolean {
  const cells = cellsOf(band);
  const wide = cells.filter((row) => row.filter((cell) => cell.length > 0).length > 1);
  if (wide.length < 2 || wide.length < cells.length * 0.4) return false;
  const columns = band.gutters.length + 1;
  const prose = Array.from({ length: columns }, (_, column) => isProse(cells.flatMap((row) => row[column] ?? [])));
  if (prose.filter(Boolean).length > 1) return false;
  if (isMarkerColumn(cells.flatMap((row) => row[0] ?? []))) return false;
  if (wide.length === 2 && columns === 2 && gutterWidth(band) < 2) return false;
  return columns > 2 || !drawnByColumn(cells);
}

function gutterWidth({ gutters, rows }: Band): number {
  const widest = Math.max(...gutters.map(({ from, to }) => to - from));
  return widest / Math.max(1, ...rows.map(({ height }) => height));
}

function isProse(segments: readonly Segment[]): boolean {
  if (segments.length < 4) return false;
  const width = Math.max(...segments.map(({ right }) => right)) - Math.min(...segments.map(({ left }) => left));
  const long = segments.filter(
    ({ text, left, right }) => text.length >= PROSE_CHARACTERS && right - left > width * PROSE_FILLED,
  );
  return long.length >= segments.length * 0.55;
}

/** Bullets and numbers of a list, which stand apart from its text. */
export const LIST_MARKER = /^([•·▪◦‣–—*○●■□➢✓-]|\(?([0-9]{1,3}|[a-z]|[ivx]{1,5})[.)])$/i;

function isMarkerColumn(segments: readonly Segment[]): boolean {
  return segments.length > 0 && segments.every(({ text }) => LIST_MARKER.test(text));
}

/** Whether one column is drawn to its end before the next is begun. */
function drawnByColumn(cells: readonly (readonly (readonly Segment[])[])[]): boolean {
  const columns = cells
    .flatMap((row) => row.flatMap((cell, column) => cell.map(({ order }) => ({ order, column }))))
    .sort((a, b) => a.order - b.order)
    .map(({ column }) => column);
  const changes = columns.filter((column, index) => index > 0 && column !== columns[index - 1]).length;
  return cells.length >= 3 && changes <= 2;
}

/** The table of a band: a row for each of its rows; the lines of a cell are parted by line breaks. */
export function tableOf(band: Band): Cells {
  const cells = cellsOf(band);
  const ends = rightEnds(cells);
  const lines = lineSpacing(band.rows);
  const table: Segment[][][] = [];
  for (const [index, row] of cells.entries()) {
    const previous = table.at(-1);
    const drop = (band.rows[index]?.y ?? 0) - (band.rows[index - 1]?.y ?? 0);
    if (previous && continuesRow(row, previous, ends, drop <= lines)) {
      for (const [column, cell] of row.entries()) previous[column]?.push(...cell);
    } else table.push(row.map((cell) => [...cell]));
  }
  return table.map((row) => row.map((cell) => linesOf(cell).join('\n')));
}

/** Segments of a cell that stand on one baseline are one line. */
function linesOf(cell: readonly Segment[]): string[] {
  const lines: string[] = [];
  let last: Segment | undefined;
  for (const segment of cell) {
    if (last && Math.abs(last.y - segment.y) < segment.height * 0.5) lines.push(`${lines.pop()} ${segment.text}`);
    else lines.push(segment.text);
    last = segment;
  }
  return lines;
}

/** How far the text of each column reaches. */
function rightEnds(cells: readonly (readonly (readonly Segment[])[])[]): number[] {
  const columns = cells[0]?.length ?? 0;
  return Array.from({ length: columns }, (_, column) =>
    Math.max(...cells.flatMap((row) => (row[column] ?? []).map(({ right }) => right))),
  );
}

/** The greatest distance between lines of one cell, where cells have several; less than any distance where they don't. */
function lineSpacing(rows: readonly Row[]): number {
  const drops = rows.slice(1).map(({ y }, index) => y - (rows[index]?.y ?? 0));
  const least = Math.min(...drops);
  const most = Math.max(...drops);
  return most > least * 1.2 ? least * 1.1 : 0;
}

/** A line goes on with the row above where it fills fewer cells, and each of those was full. */
function continuesRow(
  row: readonly (readonly Segment[])[],
  previous: readonly (readonly Segment[])[],
  ends: readonly number[],
  close: boolean,
): boolean {
  const filled = row.flatMap((cell, column) => (cell.length > 0 ? [column] : []));
  const before = previous.filter((cell) => cell.length > 0).length;
  if (filled.length >= before || filled.some((column) => previous[column]?.length === 0)) return false;
  const wrapped = filled.every((column) => isWrap(previous[column] ?? [], row[column]?.[0], ends[column] ?? 0));
  if (row[0]?.length === 0) return wrapped || (close && filled.length <= row.length / 2);
  return close && (wrapped || filled.length <= row.length / 2);
}

/** Whether a line had no room for the next one's first word. */
function isWrap(cell: readonly Segment[], next: Segment | undefined, end: number): boolean {
  const line = cell.at(-1);
  if (!line || !next || /^[\d\s.,%$€£+-]+$/.test(next.text)) return false;
  const letter = (next.right - next.left) / Math.max(1, next.text.length);
  const word = next.text.split(' ', 1)[0] ?? '';
  return line.right + (word.length + 1) * letter > end - letter && /[ -]/.test(linesOf(cell).at(-1) ?? '');
}

/** A Markdown table; its first row is its head. */
export function markdownTable(cells: Cells): string[] {
  const columns = Math.max(0, ...cells.map((row) => row.length));
  const line = (row: readonly string[]) =>
    `| ${Array.from({ length: columns }, (_, column) => escapeCell(row[column] ?? '')).join(' | ')} |`;
  const [head = [], ...rows] = cells;
  return [line(head), `|${' --- |'.repeat(columns)}`, ...rows.map(line)];
}

function escapeCell(text: string): string {
  return text.replace(/\s+/g, ' ').trim().replaceAll('|', '\\|');
}
