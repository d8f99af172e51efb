/** Pieces of text as a page draws them, in a frame in which they read from left to right and y grows downwards. */
export interface Run {
  readonly text: string;
  readonly x: number;
  /** Of the baseline. */
  readonly y: number;
  readonly width: number;
  /** Of the letters, in points. */
  readonly height: number;
  readonly rightToLeft: boolean;
  /** Position in the order of drawing. */
  readonly order: number;
  /** The marked content of a tagged file that it belongs to; undefined outside of any. */
  readonly mark: string | undefined;
}

/** Pieces that stand one after the other on a line with nothing wide between them. */
export interface Segment {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly y: number;
  readonly height: number;
  readonly rightToLeft: boolean;
  readonly order: number;
  readonly runs: readonly Run[];
}

/** Gaps between runs, as shares of the letters' height: from here on a space, from here on another segment. */
const SPACE_GAP = 0.2;
const SEGMENT_GAP = 0.9;
/** Of a gap in which a space is drawn. */
const DRAWN_SPACE = 0.07;

/** Joins runs to segments, in drawing order. Runs of nothing but space part words that stand close. */
export function toSegments(runs: readonly Run[]): Segment[] {
  const segments: Segment[] = [];
  let current: Run[] = [];
  let spaced = false;
  for (const run of runs) {
    if (run.text.trim() === '') {
      spaced ||= run.text !== '' && run.width > 0;
      continue;
    }
    const last = current.at(-1);
    if (last && !continues(last, run)) {
      segments.push(joinRuns(current));
      current = [];
    }
    const apart = spaced && current.length > 0 && last !== undefined && isDrawnSpace(last, run);
    current.push(apart ? { ...run, text: ` ${run.text}` } : run);
    spaced = false;
  }
  if (current.length > 0) segments.push(joinRuns(current));
  return segments;
}

function continues(last: Run, run: Run): boolean {
  const size = Math.max(last.height, run.height, 1);
  if (Math.abs(last.y - run.y) > size * 0.5) return false;
  const gap = gapBetween(last, run);
  return gap < size * SEGMENT_GAP && gap > -size * 0.5;
}

/** pdf.js finds spaces in gaps that are narrower still, and between letters that are spaced out. */
function isDrawnSpace(last: Run, run: Run): boolean {
  if (last.text.trim().length === 1 && run.text.trim().length === 1) return false;
  return gapBetween(last, run) > Math.min(last.height, run.height) * DRAWN_SPACE;
}

function isWide(last: Run, run: Run): boolean {
  return gapBetween(last, run) > Math.min(last.height, run.height) * SPACE_GAP;
}

/** In the direction of reading, which right-to-left text has the other way round. */
function gapBetween(last: Run, run: Run): number {
  return last.rightToLeft && run.rightToLeft ? last.x - (run.x + run.width) : run.x - (last.x + last.width);
}

function joinRuns(runs: readonly Run[]): Segment {
  let text = '';
  let last: Run | undefined;
  for (const run of runs) {
    const spaced = last && isWide(last, run);
    if (spaced && !/\s$/.test(text) && !/^\s/.test(run.text)) text += ' ';
    text += run.text;
    last = run;
  }
  // A superscript is smaller and higher than the line it stands on.
  const main = runs.reduce((best, run) => (run.height > best.height ? run : best));
  return {
    text: text.replace(/\s+/g, ' ').trim(),
    left: Math.min(...runs.map(({ x }) => x)),
    right: Math.max(...runs.map(({ x, width }) => x + width)),
    y: main.y,
    height: main.height,
    rightToLeft: runs.filter((run) => run.rightToLeft).length > runs.length / 2,
    order: main.order,
    runs,
  };
}

/** Parts the runs from those that say the same as one before them at the same place: bold letters made by drawing twice. */
export function partRepeated(runs: readonly Run[]): { kept: Run[]; repeated: Run[] } {
  const places = new Map<string, Run[]>();
  const kept: Run[] = [];
  const repeated: Run[] = [];
  for (const run of runs) {
    const before = places.get(run.text);
    if (run.text.trim() !== '' && before?.some((other) => samePlace(other, run))) repeated.push(run);
    else kept.push(run);
    if (before) before.push(run);
    else places.set(run.text, [run]);
  }
  return { kept, repeated };
}

function samePlace(a: Run, b: Run): boolean {
  const near = Math.max(a.height, b.height) * 0.2;
  return Math.abs(a.x - b.x) < near && Math.abs(a.y - b.y) < near;
}

/** Segments that share a baseline, from left to right. */
export interface Row {
  readonly segments: readonly Segment[];
  readonly y: number;
  readonly height: number;
}

/** The segments from top to bottom, those on one baseline together. */
export function toRows(segments: readonly Segment[]): Row[] {
  const sorted = [...segments].sort((a, b) => a.y - b.y);
  const rows: Segment[][] = [];
  for (const segment of sorted) {
    const row = rows.at(-1);
    const first = row?.[0];
    if (row && first && segment.y - first.y < Math.min(first.height, segment.height) * 0.5) row.push(segment);
    else rows.push([segment]);
  }
  return rows.map((row) => ({
    segments: row.sort((a, b) => a.left - b.left),
    y: Math.max(...row.map(({ y }) => y)),
    height: Math.max(...row.map(({ height }) => height)),
  }));
}

/** A row's words in reading order. */
export function rowText({ segments }: Row): string {
  const backwards = segments.filter(({ rightToLeft }) => rightToLeft).length > segments.length / 2;
  const ordered = backwards ? [...segments].reverse() : segments;
  return ordered.map(({ text }) => text).join(' ');
}
