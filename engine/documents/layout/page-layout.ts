/** The reading order of a page: its columns one after the other, its tables row by row. */
import { type Band, columnOf, type Interval, toBands } from './bands.ts';
import { withCrossed } from './crossed-gutters.ts';
import type { Line } from './paragraphs.ts';
import { type Row, rowText, type Segment, toRows } from './runs.ts';
import { type Cells, isTable, tableOf } from './tables.ts';

export type Item =
  | { readonly kind: 'line'; readonly line: Line }
  | { readonly kind: 'table'; readonly cells: Cells; readonly gutters: readonly Interval[] };

const DEEPEST = 4;

/** Segments of one frame in reading order. `before` are the gutters of a table with which the page before ended. */
export function layOut(segments: readonly Segment[], before: readonly Interval[] = [], depth = 0): Item[] {
  const rows = toRows(segments);
  const first = before.length > 0 ? goesOn(rows, before) : 0;
  const table = { rows: rows.slice(0, first), gutters: before };
  return [
    ...(first > 0 ? [toTable(table)] : []),
    ...toBands(rows.slice(first)).flatMap((band) => layOutBand(band, depth)),
  ];
}

/** How many of the first rows leave the gutters of a table free and stand in several of its columns. */
function goesOn(rows: readonly Row[], gutters: readonly Interval[]): number {
  const middles = gutters.map(({ from, to }) => (from + to) / 2);
  const end = rows.findIndex(({ segments }) => {
    const free = middles.every((middle) => segments.every(({ left, right }) => right <= middle || left >= middle));
    return !free || new Set(segments.map((segment) => columnOf(segment, gutters))).size < 2;
  });
  const count = end < 0 ? rows.length : end;
  // Two columns of text leave one gutter free too.
  return gutters.length > 1 ? count : 0;
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
  const { gutters } = band;
  return { kind: 'table', cells: tableOf({ ...band, gutters: withCrossed(band) }), gutters };
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
  return columns.flatMap((column) => layOut(column, [], depth + 1));
}
