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

/** A gap with how much it asks to be explained: one of two letters' height or more fully. */
interface Gap extends Interval {
  readonly weight: number;
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
/** Of two ways that are as good, the one with fewer rows outside of columns is taken, and the one whose lines begin together. */
const ROW_COST = 0.01;
const LEAP_COST = 0.1;
/** Space above a last line, or below a first, that sets it apart from the page, as a share of the letters' height. */
const APART = 2.2;
/** What is white in one row says nothing. */
const FEWEST_EXPLAINED = 2;
/** Rows that are looked at together; a page with more is cut there first. */
const WINDOW = 120;

/** What is to be explained of a row: the gaps in it, and the way from the row before. */
interface Outline {
  readonly row: Row;
  readonly white: readonly Interval[];
  readonly gaps: readonly Gap[];
  readonly left: number;
  readonly right: number;
}

/** The bands from top to bottom; every row is in one. */
export function toBands(rows: readonly Row[]): Band[] {
  const outlines = withJumps(rows.map(outlineOf));
  if (outlines.every(({ gaps }) => gaps.length === 0)) return rows.length === 0 ? [] : [{ rows, gutters: [] }];
  const bands: Band[] = [];
  const { first, last } = inside(rows);
  bands.push(...rows.slice(0, first).map(alone));
  for (let start = first; start < last; start += WINDOW) {
    bands.push(...cut(outlines.slice(start, Math.min(last, start + WINDOW))));
  }
  bands.push(...rows.slice(last).map(alone));
  return bands;
}

/** Where the rows begin and end that are no single line far from all others, as titles and page numbers are. */
function inside(rows: readonly Row[]): { first: number; last: number } {
  const apart = (row: Row | undefined, other: Row | undefined) =>
    row?.segments.length === 1 &&
    other !== undefined &&
    Math.abs(other.y - row.y) > Math.max(row.height, other.height) * APART;
  const first = apart(rows[0], rows[1]) ? 1 : 0;
  const last = rows.length > 2 && apart(rows.at(-1), rows.at(-2)) ? rows.length - 1 : rows.length;
  return { first, last };
}

function alone(row: Row): Band {
  return { rows: [row], gutters: [] };
}

function outlineOf(row: Row): Outline {
  const { segments, height } = row;
  const gaps: Gap[] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (const { left, right } of segments) {
    // A line that is too long for its column runs into the gutter, or into the next column: that one's beginning counts.
    if (end > Number.NEGATIVE_INFINITY) gaps.push(gapOf(Math.min(end, left - height * GUTTER), left, height));
    end = Math.max(end, right);
  }
  const left = segments[0]?.left ?? 0;
  const outside = [
    { from: Number.NEGATIVE_INFINITY, to: left },
    { from: end, to: Number.POSITIVE_INFINITY },
  ];
  return { row, white: [...gaps, ...outside], gaps, left, right: end };
}

function gapOf(from: number, to: number, height: number): Gap {
  return { from, to, weight: Math.min(1, (to - from) / Math.max(1, height * 2)) };
}

/** Rows that stand wholly beside the one before are to be explained by a gutter too. */
function withJumps(outlines: readonly Outline[]): Outline[] {
  return outlines.map((outline, index) => {
    const before = outlines[index - 1];
    if (!before) return outline;
    const from = Math.min(before.right, outline.right);
    const to = Math.max(before.left, outline.left);
    return to - from > outline.row.height * GUTTER
      ? { ...outline, gaps: [...outline.gaps, gapOf(from, to, outline.row.height)] }
      : outline;
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
  let counted: Counted | undefined;
  for (let end = start; end < outlines.length; end++) {
    const outline = outlines[end];
    if (!outline) return;
    white = intersect(white, outline.white, outline.row.height * GUTTER);
    left = Math.min(left, outline.left);
    right = Math.max(right, outline.right);
    for (const { weight } of gapsOf(outline, end === start)) unexplained += weight;
    unexplained += ROW_COST + leap(outlines, start, end);
    const gutters = white.filter(({ from, to }) => from >= left && to <= right);
    counted = countGaps(outlines, start, end, gutters, counted);
    const { explained, cost } = counted;
    if (gutters.length > 0 && explained >= FEWEST_EXPLAINED) yield { end, cost: cost + BAND_COST, gutters };
    else yield { end, cost: unexplained + BAND_COST, gutters: [] };
  }
}

/** The jump to a band's first row is none of its own. */
function gapsOf({ gaps, row }: Outline, first: boolean): readonly Gap[] {
  return first ? gaps.slice(0, row.segments.length - 1) : gaps;
}

/** Lines of one column begin near one another. */
function leap(outlines: readonly Outline[], start: number, end: number): number {
  const [before, outline] = [outlines[end - 1], outlines[end]];
  if (end === start || !before || !outline) return 0;
  return Math.abs(before.left - outline.left) > outline.row.height * 4 ? LEAP_COST : 0;
}

/** How many gaps of the rows from `start` to `end` have a gutter, and what the others cost. */
interface Counted {
  readonly end: number;
  readonly gutters: readonly Interval[];
  readonly cost: number;
  readonly explained: number;
}

/** `before` are the gaps without the last row: as long as the gutters stay what they are, only that row is looked at. */
function countGaps(
  outlines: readonly Outline[],
  start: number,
  end: number,
  gutters: readonly Interval[],
  before: Counted | undefined,
): Counted {
  const known = before && before.end === end - 1 && areSame(before.gutters, gutters) ? before : undefined;
  let { cost, explained } = known ?? { cost: 0, explained: 0 };
  for (let index = known ? end : start; index <= end; index++) {
    const outline = outlines[index];
    const gaps = outline ? gapsOf(outline, index === start) : [];
    for (const gap of gaps) {
      if (explains(gutters, gap)) explained += 1;
      else cost += gap.weight;
    }
  }
  return { end, gutters, cost, explained };
}

function areSame(some: readonly Interval[], others: readonly Interval[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ from, to }, index) => from === others[index]?.from && to === others[index]?.to)
  );
}

function explains(gutters: readonly Interval[], gap: Interval): boolean {
  return gutters.some(({ from, to }) => from < gap.to && to > gap.from);
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
