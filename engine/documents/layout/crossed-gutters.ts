/** Gutters of a table that a few of its cells cross because they stand over several columns. */
import { type Band, columnOf, type Interval } from './bands.ts';
import type { Segment } from './runs.ts';

/** Share of a column's rows that may cross a gutter within it. */
const CROSSING = 1 / 3;
const FEWEST_ROWS = 2;
const MOST_GUTTERS = 40;

/** The band's gutters, and those that most of its rows leave free. */
export function withCrossed(band: Band): Interval[] {
  let gutters = [...band.gutters];
  for (let column = 0; column <= gutters.length && gutters.length < MOST_GUTTERS; ) {
    const found = gutterWithin(band, gutters, column);
    if (found) gutters = [...gutters, found].sort((a, b) => a.from - b.from);
    else column += 1;
  }
  return gutters;
}

function gutterWithin({ rows }: Band, gutters: readonly Interval[], column: number): Interval | undefined {
  const cells = rows.map(({ segments }) => segments.filter((segment) => columnOf(segment, gutters) === column));
  const gaps = cells.flatMap(gapsIn);
  return gaps
    .map((gap) => common(gap, gaps))
    .find((gutter) => {
      const free = cells.filter((cell) => gapsIn(cell).some((gap) => covers(gap, gutter))).length;
      const crossed = cells.filter((cell) =>
        cell.some(({ left, right }) => left < gutter.from && right > gutter.to),
      ).length;
      return free >= FEWEST_ROWS && crossed <= (free + crossed) * CROSSING;
    });
}

function gapsIn(cell: readonly Segment[]): Interval[] {
  return cell.slice(1).flatMap(({ left }, index) => {
    const from = cell[index]?.right ?? left;
    return left > from ? [{ from, to: left }] : [];
  });
}

/** What a gap shares with all the others that it overlaps. */
function common(gap: Interval, gaps: readonly Interval[]): Interval {
  return gaps.reduce((shared, other) => {
    const [from, to] = [Math.max(shared.from, other.from), Math.min(shared.to, other.to)];
    return from < to ? { from, to } : shared;
  }, gap);
}

function covers(gap: Interval, gutter: Interval): boolean {
  return gap.from <= gutter.from && gap.to >= gutter.to;
}
