/** Attention shares summed over runs of tokens, call by call, and folded. */
import type { AttentionSums, TokenRun } from '../../attention/attention.ts';
import type { Span } from '../../attention/spans.ts';
import { type Group, groupWeights } from './groups.ts';
import type { Slice } from './slices.ts';

/** What one call's tokens got under its own softmax. */
export interface GroupSums {
  /** [ratio, rows] */
  readonly logSumExps: Float32Array;
  /** Runs that the call's tokens touch. */
  readonly firstRun: number;
  readonly endRun: number;
  /** [wanted query heads × wanted rows, endRun − firstRun] */
  readonly sums: Float64Array;
}

export function sumRuns(group: Group, part: Slice, wanted: AttentionSums): GroupSums {
  const { runs } = wanted;
  const firstRun = Math.min(...group.spans.map(({ start }) => firstBehind(runs, start)));
  const endRun = Math.max(firstRun, ...group.spans.map(({ end }) => firstFrom(runs, end)));
  const places = rowPlaces(part, wanted);
  const sums = new Float64Array(places.length * (endRun - firstRun));
  for (const [index, span] of group.spans.entries()) {
    const shares = group.shares[index] ?? new Float32Array(0);
    for (const [place, row] of places.entries()) {
      const target = sums.subarray(place * (endRun - firstRun), (place + 1) * (endRun - firstRun));
      addSpan(target, shares, row * (span.end - span.start), span, runs, firstRun);
    }
  }
  return { logSumExps: group.logSumExps, firstRun, endRun, sums };
}

/** Weighs each call's sums by its share in the fold. */
export function addFolded(groups: readonly GroupSums[], part: Slice, wanted: AttentionSums): void {
  for (const [place, row] of rowPlaces(part, wanted).entries()) {
    for (const [index, weight] of groupWeights(groups, row).entries()) {
      const { firstRun = 0, endRun = 0, sums } = groups[index] ?? {};
      const offset = place * (endRun - firstRun) - firstRun;
      for (let run = firstRun; run < endRun; run++)
        wanted.sums[run] = (wanted.sums[run] ?? 0) + weight * (sums?.[offset + run] ?? 0);
    }
  }
}

/** The wanted rows within [ratio, rows]. */
function rowPlaces({ rows }: Slice, wanted: AttentionSums): number[] {
  return wanted.queryHeads.flatMap((head) => wanted.rows.map((row) => head * rows + row));
}

function addSpan(
  target: Float64Array,
  shares: Float32Array,
  offset: number,
  span: Span,
  runs: readonly TokenRun[],
  firstRun: number,
): void {
  for (let index = firstBehind(runs, span.start); index < runs.length; index++) {
    const { start, end } = runs[index] ?? { start: span.end, end: span.end };
    if (start >= span.end) return;
    let sum = 0;
    for (let token = Math.max(start, span.start); token < Math.min(end, span.end); token++)
      sum += shares[offset + token - span.start] ?? 0;
    target[index - firstRun] = (target[index - firstRun] ?? 0) + sum;
  }
}

/** The first run that ends behind a token. */
function firstBehind(runs: readonly TokenRun[], token: number): number {
  return firstWhere(runs, ({ end }) => end > token);
}

/** The first run that starts at a token or behind it. */
function firstFrom(runs: readonly TokenRun[], token: number): number {
  return firstWhere(runs, ({ start }) => start >= token);
}

/** By bisection: what holds for a run holds for all behind it. */
function firstWhere(runs: readonly TokenRun[], holds: (run: TokenRun) => boolean): number {
  let [low, high] = [0, runs.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(runs[middle] as TokenRun)) high = middle;
    else low = middle + 1;
  }
  return low;
}
