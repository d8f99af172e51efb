/** Tables: which bands are some, which of their lines are one row, and how they are written. */
import { type Band, cellsOf } from './bands.ts';
import { joinLines } from './joining.ts';
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

/** The table of a band: a row for each of its rows, lines of one cell joined. */
export function tableOf(band: Band): Cells {
  const cells = cellsOf(band);
  const lines = lineSpacing(band.rows);
  const table: string[][][] = [];
  for (const [index, row] of cells.entries()) {
    const texts = row.map((cell) => cell.map(({ text }) => text).join(' '));
    const previous = table.at(-1);
    const drop = (band.rows[index]?.y ?? 0) - (band.rows[index - 1]?.y ?? 0);
    if (previous && continuesRow(texts, previous, drop <= lines)) {
      for (const [column, text] of texts.entries()) if (text !== '') previous[column]?.push(text);
    } else table.push(texts.map((text) => (text === '' ? [] : [text])));
  }
  return table.map((row) => row.map((lines) => joinLines(lines)));
}

/** The greatest distance between lines of one cell, where cells have several; less than any distance where they don't. */
function lineSpacing(rows: readonly Row[]): number {
  const drops = rows.slice(1).map(({ y }, index) => y - (rows[index]?.y ?? 0));
  const least = Math.min(...drops);
  const most = Math.max(...drops);
  return most > least * 1.2 ? least * 1.1 : 0;
}

/** A line goes on with the row above where it begins no row of its own. */
function continuesRow(texts: readonly string[], previous: readonly string[][], close: boolean): boolean {
  const filled = texts.flatMap((text, column) => (text === '' ? [] : [column]));
  if (!filled.every((column) => (previous[column]?.length ?? 0) > 0)) return false;
  const opens = texts[0] !== '';
  if (!opens) return filled.length <= texts.length / 2;
  return close && filled.length < previous.filter((cell) => cell.length > 0).length;
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
