/** What calls gave for some spans each, merged into what attention over all of them gives. */
import type { Span } from '../../attention/spans.ts';
import type { Slice } from './slices.ts';

/** What one call gave: a partial result a row, and each span's probabilities within the call. */
export interface Group {
  /** [ratio, rows, head size] */
  readonly output: Float32Array;
  /** [ratio, rows] */
  readonly logSumExps: Float32Array;
  readonly spans: readonly Span[];
  readonly shares: readonly Float32Array[];
}

/** How much each group weighs in a row's fold: exp(lse − lse of all). */
export function groupWeights(groups: readonly Pick<Group, 'logSumExps'>[], row: number): number[] {
  const exponents = groups.map((group) => group.logSumExps[row] ?? -Infinity);
  const top = Math.max(...exponents);
  const weights = exponents.map((exponent) => Math.exp(exponent - top));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** Merges all groups' partial results into the first one's memory. */
export function foldGroups(groups: readonly Group[], headSize: number): Float32Array {
  const [first, ...others] = groups;
  if (!first) throw new RangeError('attention over no span at all');
  for (const other of others) mergeGroup(first, other, headSize);
  return first.output;
}

/** Merges by log-sum-exps, row by row; scalars only, because prefill does this for every row of every layer. */
function mergeGroup(target: Group, other: Group, headSize: number): void {
  for (let row = 0; row < target.logSumExps.length; row++) {
    const own = target.logSumExps[row] ?? 0;
    const added = other.logSumExps[row] ?? 0;
    const top = Math.max(own, added);
    const sum = Math.exp(own - top) + Math.exp(added - top);
    const share = Math.exp(added - top) / sum;
    target.logSumExps[row] = top + Math.log(sum);
    for (let index = row * headSize; index < (row + 1) * headSize; index++) {
      const before = target.output[index] ?? 0;
      target.output[index] = before + share * ((other.output[index] ?? 0) - before);
    }
  }
}

/** Adds each row's probabilities, weighted by the row's own peak outside the sinks: heads that look at one place count. */
export function addMass(groups: readonly Group[], part: Slice, mass: Float64Array, sinks: number): void {
  for (let row = 0; row < part.ratio * part.rows; row++) {
    const weights = groupWeights(groups, row);
    let peak = 0;
    eachShare(groups, weights, row, sinks, mass.length, (_token, share) => {
      if (share > peak) peak = share;
    });
    eachShare(groups, weights, row, sinks, mass.length, (token, share) => {
      mass[token] = (mass[token] ?? 0) + peak * share;
    });
  }
}

function eachShare(
  groups: readonly Group[],
  weights: readonly number[],
  row: number,
  from: number,
  to: number,
  visit: (token: number, share: number) => void,
): void {
  for (const [index, group] of groups.entries()) {
    const weight = weights[index] ?? 0;
    for (const [place, span] of group.spans.entries()) {
      const shares = group.shares[place] ?? new Float32Array(0);
      const offset = row * (span.end - span.start) - span.start;
      for (let token = Math.max(from, span.start); token < Math.min(to, span.end); token++) {
        visit(token, weight * (shares[offset + token] ?? 0));
      }
    }
  }
}
