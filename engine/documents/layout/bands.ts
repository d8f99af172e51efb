/**
 * Cuts a page into bands: stretches from top to bottom in which the same white gutters run through all rows. A band without a
 * gutter is one column of text; one with gutters is a table or columns. Of all ways to cut a page the one is taken that leaves
 * the fewest gaps within rows, and jumps from row to row, without a gutter to explain them.
 */
import type { Row, Segment } from './runs.ts';

export interface Interval {
  readonly from: number;
  readonly to: number;
}

export interface Band {
  readonly rows: readonly Row[];
  /** White from the band's top to its bottom, with text on both sides. */
  readonly gutters: readonly Interval[];
}

/** Narrowest gutter, as a share of the letters' height. */
const GUTTER = 0.6;
/** What one more band costs, in gaps without a gutter. */
const BAND_COST = 2.5;
/** Rows that are looked at together; a page with more is cut there first. */
const WINDOW = 120;

/** What is to be explained of a row: the gaps in it, and the way from the row before. */
interface Outline {
  readonly row: Row;
  readonly white: readonly Interval[];
  readonly gaps: readonly Interval[];
  readonly left: number;
  readonly right: number;
}

/** The bands from top to bottom; every row is in one. */
export function toBands(rows: readonly Row[]): Band[] {
  const outlines = withJumps(rows.map(outlineOf));
  if (outlines.every(({ gaps }) => gaps.length === 0)) return rows.length === 0 ? [] : [{ rows, gutters: [] }];
  const bands: Band[] = [];
  for (let start = 0; start < outlines.length; start += WINDOW)
    bands.push(...cut(outlines.slice(start, start + WINDOW)));
  return bands;
}

function outlineOf(row: Row): Outline {
  const { segments, height } = row;
  const gaps: Interval[] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (const { left, right } of segments) {
    // A line that is too long for its column runs into the gutter, or into the next column: that one's beginning counts.
    if (end > Number.NEGATIVE_INFINITY) gaps.push({ from: Math.min(end, left - height * GUTTER), to: left });
    end = Math.max(end, right);
  }
  const left = segments[0]?.left ?? 0;
  const outside = [
    { from: Number.NEGATIVE_INFINITY, to: left },
    { from: end, to: Number.POSITIVE_INFINITY },
  ];
  return { row, white: [...gaps, ...outside], gaps, left, right: end };
}

/** Rows that stand wholly beside the one before are to be explained by a gutter too. */
function withJumps(outlines: readonly Outline[]): Outline[] {
  return outlines.map((outline, index) => {
    const before = outlines[index - 1];
    if (!before) return outline;
    const from = Math.min(before.right, outline.right);
    const to = Math.max(before.left, outline.left);
    return to - from > outline.row.height * GUTTER ? { ...outline, gaps: [...outline.gaps, { from, to }] } : outline;
  });
}

/** The cheapest cut, by the cheapest cuts of the rows before each row. */
function cut(outlines: readonly Outline[]): Band[] {
  const best: { cost: number; start: number; gutters: readonly Interval[] }[] = [];
  for (let end = 0; end < outlines.length; end++) best.push({ cost: Number.POSITIVE_INFINITY, start: 0, gutters: [] });
  for (let start = 0; start < outlines.length; start++) {
    const before = start === 0 ? 0 : (best[start - 1]?.cost ?? 0);
    for (const { end, cost, gutters } of bandsFrom(outlines, start)) {
      const known = best[end];
      if (known && before + cost < known.cost) Object.assign(known, { cost: before + cost, start, gutters });
    }
  }
  const bands: Band[] = [];
  for (let end = outlines.length - 1; end >= 0; end = (best[end]?.start ?? 0) - 1) {
    const { start = 0, gutters = [] } = best[end] ?? {};
    bands.unshift({ rows: outlines.slice(start, end + 1).map(({ row }) => row), gutters });
  }
  return bands;
}

function* bandsFrom(
  outlines: readonly Outline[],
  start: number,
): Generator<{ end: number; cost: number; gutters: readonly Interval[] }> {
  let white: readonly Interval[] = outlines[start]?.white ?? [];
  let left = Number.POSITIVE_INFINITY;
  let right = Number.NEGATIVE_INFINITY;
  let unexplained = 0;
  for (let end = start; end < outlines.length; end++) {
    const outline = outlines[end];
    if (!outline) return;
    white = intersect(white, outline.white, outline.row.height * GUTTER);
    left = Math.min(left, outline.left);
    right = Math.max(right, outline.right);
    unexplained += gapsOf(outline, end === start);
    const gutters = white.filter(({ from, to }) => from >= left && to <= right);
    const cost = gutters.length === 0 ? unexplained : costOf(outlines, start, end, gutters);
    yield { end, cost: cost + BAND_COST, gutters };
  }
}

/** The jump to a band's first row is none of its own. */
function gapsOf({ gaps, row }: Outline, first: boolean): number {
  return first ? row.segments.length - 1 : gaps.length;
}

function costOf(outlines: readonly Outline[], start: number, end: number, gutters: readonly Interval[]): number {
  let cost = 0;
  for (let index = start; index <= end; index++) {
    const gaps = outlines[index]?.gaps ?? [];
    const own = index === start ? (outlines[index]?.row.segments.length ?? 1) - 1 : gaps.length;
    for (let gap = 0; gap < own; gap++) if (!explains(gutters, gaps[gap])) cost += 1;
  }
  return cost;
}

function explains(gutters: readonly Interval[], gap: Interval | undefined): boolean {
  return gap !== undefined && gutters.some(({ from, to }) => from < gap.to && to > gap.from);
}

function intersect(a: readonly Interval[], b: readonly Interval[], narrowest: number): Interval[] {
  const common: Interval[] = [];
  for (const one of a) {
    for (const other of b) {
      const from = Math.max(one.from, other.from);
      const to = Math.min(one.to, other.to);
      if (to - from >= narrowest * 0.9) common.push({ from, to });
    }
  }
  return common;
}

/** Which column a segment stands in, counted from the left. */
export function columnOf({ left, right }: Segment, gutters: readonly Interval[]): number {
  // A segment that is too long for its column belongs to the one it begins in.
  const inside = left + Math.min((right - left) / 2, 6);
  return gutters.filter(({ from, to }) => (from + to) / 2 < inside).length;
}

/** The cells of a band: per row, per column, the segments in it. */
export function cellsOf({ rows, gutters }: Band): Segment[][][] {
  return rows.map(({ segments }) => {
    const cells: Segment[][] = Array.from({ length: gutters.length + 1 }, () => []);
    for (const segment of segments) cells[columnOf(segment, gutters)]?.push(segment);
    return cells;
  });
}
