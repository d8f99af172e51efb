/** The reading order of a page: its columns one after the other, its tables row by row. */
import { type Band, columnOf, toBands } from './bands.ts';
import type { Line } from './paragraphs.ts';
import { type Row, rowText, type Segment, toRows } from './runs.ts';
import { type Cells, isTable, tableOf } from './tables.ts';

export type Item =
  | { readonly kind: 'line'; readonly line: Line }
  | { readonly kind: 'table'; readonly cells: Cells; readonly left: number; readonly right: number };

const DEEPEST = 4;

/** Segments of one frame in reading order. */
export function layOut(segments: readonly Segment[], depth = 0): Item[] {
  return toBands(toRows(segments)).flatMap((band) => layOutBand(band, depth));
}

function layOutBand(band: Band, depth: number): Item[] {
  if (band.gutters.length === 0) return band.rows.map(toItem);
  const { head, body, tail } = trim(band);
  if (body.rows.length > 0 && isTable(body)) {
    return [...head.map(toItem), toTable(body), ...tail.map(toItem)];
  }
  if (depth < DEEPEST && areColumns(band)) return layOutColumns(band, depth);
  return band.rows.map(toItem);
}

function toItem(row: Row): Item {
  const [first] = row.segments;
  const left = first?.left ?? 0;
  return { kind: 'line', line: { text: rowText(row), left, y: row.y, height: row.height } };
}

function toTable(band: Band): Item {
  const segments = band.rows.flatMap((row) => row.segments);
  const left = Math.min(...segments.map((segment) => segment.left));
  return { kind: 'table', cells: tableOf(band), left, right: Math.max(...segments.map(({ right }) => right)) };
}

/** Lines above and below a table that happen to leave its gutters free are no rows of it. */
function trim(band: Band): { head: readonly Row[]; body: Band; tail: readonly Row[] } {
  const wide = (row: Row) => new Set(row.segments.map((segment) => columnOf(segment, band.gutters))).size > 1;
  const first = band.rows.findIndex(wide);
  if (first < 0) return { head: [], body: { rows: [], gutters: [] }, tail: band.rows };
  const spacing = closest(band.rows);
  let last = band.rows.findLastIndex(wide);
  // The last row's cells may have more lines.
  while (spacing > 0 && (band.rows[last + 1]?.y ?? Number.POSITIVE_INFINITY) - (band.rows[last]?.y ?? 0) < spacing)
    last += 1;
  return {
    head: band.rows.slice(0, first),
    body: { rows: band.rows.slice(first, last + 1), gutters: band.gutters },
    tail: band.rows.slice(last + 1),
  };
}

function closest(rows: readonly Row[]): number {
  return Math.min(...rows.slice(1).map(({ y }, index) => y - (rows[index]?.y ?? 0))) * 1.1;
}

/** Columns stand beside each other; what stands below the other is not one. */
function areColumns({ rows, gutters }: Band): boolean {
  const ends = Array.from({ length: gutters.length + 1 }, () => ({
    top: Number.POSITIVE_INFINITY,
    bottom: 0,
    lines: 0,
  }));
  for (const segment of rows.flatMap((row) => row.segments)) {
    const column = ends[columnOf(segment, gutters)];
    if (!column) continue;
    column.top = Math.min(column.top, segment.y);
    column.bottom = Math.max(column.bottom, segment.y);
    column.lines += 1;
  }
  const filled = ends.filter(({ lines }) => lines > 1);
  const top = Math.max(...filled.map((column) => column.top));
  const bottom = Math.min(...filled.map((column) => column.bottom));
  return filled.length > 1 && top < bottom;
}

function layOutColumns({ rows, gutters }: Band, depth: number): Item[] {
  const segments = rows.flatMap((row) => row.segments);
  const columns = Array.from({ length: gutters.length + 1 }, (_, column) =>
    segments.filter((segment) => columnOf(segment, gutters) === column),
  );
  const backwards = segments.filter(({ rightToLeft }) => rightToLeft).length > segments.length / 2;
  if (backwards) columns.reverse();
  return columns.flatMap((column) => layOut(column, depth + 1));
}
