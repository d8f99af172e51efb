/**
 * The likeliest of many tokens without sorting them: a radix selection over the logits' bits, three passes whatever their
 * distribution is (Knuth, The Art of Computer Programming 3, 5.2.5, turned into a selection).
 */

/** Token ids with their keys (logits as unsigned integers of the same order) and weights; the first `count` hold. */
export interface Candidates {
  readonly ids: Uint32Array;
  readonly keys: Uint32Array;
  readonly weights: Float64Array;
  count: number;
}

/** Of the keys above `key` all are in, of those equal to it the first `ties`. */
interface Cut {
  readonly key: number;
  readonly ties: number;
}

const SIGN = 0x8000_0000;
const FLOAT = new Float32Array(1);
const BITS = new Uint32Array(FLOAT.buffer);
/** How many may come in before the least are dropped. */
const PRUNE_AFTER = 1024;
/** 32 bits in three digits. */
const DIGITS = [
  { shift: 21, size: 2 ** 11 },
  { shift: 10, size: 2 ** 11 },
  { shift: 0, size: 2 ** 10 },
] as const;

/** weightOf: of a logit; NaN counts as no weight. */
export function candidatesOf(
  ids: ArrayLike<number>,
  logits: Float32Array,
  weightOf: (logit: number) => number,
): Candidates {
  const candidates = roomFor(ids.length);
  for (let index = 0; index < ids.length; index++) {
    const id = ids[index] ?? 0;
    take(candidates, id, logits[id] ?? 0, weightOf(logits[id] ?? 0) || 0);
  }
  return candidates;
}

/** The `most` largest logits, of equal ones those that come first, each with the weight 1. NaN counts as the least. */
export function largest(logits: Float32Array, most: number): Candidates {
  const candidates = roomFor(Math.min(most + PRUNE_AFTER, logits.length));
  let threshold = Number.NaN; // Everything comes in until there are too many.
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id] as number;
    if (logit <= threshold) continue;
    take(candidates, id, logit, 1);
    if (candidates.count < candidates.ids.length || candidates.count <= most) continue;
    keepLargest(candidates, most);
    threshold = leastOf(logits, candidates);
  }
  if (candidates.count > most) keepLargest(candidates, most);
  return candidates;
}

function leastOf(logits: Float32Array, { ids, count }: Candidates): number {
  let least = Infinity;
  for (let index = 0; index < count; index++) least = Math.min(least, logits[ids[index] ?? 0] ?? 0);
  return least;
}

function roomFor(count: number): Candidates {
  return { ids: new Uint32Array(count), keys: new Uint32Array(count), weights: new Float64Array(count), count: 0 };
}

function take(candidates: Candidates, id: number, logit: number, weight: number): void {
  const at = candidates.count++;
  candidates.ids[at] = id;
  candidates.keys[at] = keyOf(logit);
  candidates.weights[at] = weight;
}

/** Keeps the fewest of the largest whose weights make up `share` (a sum of weights); of equal ones those that come first. */
export function keepLargest(candidates: Candidates, share: number): void {
  const cut = cutAt(candidates, share);
  const { ids, keys, weights } = candidates;
  let kept = 0;
  let { ties } = cut;
  for (let index = 0; index < candidates.count; index++) {
    const key = keys[index] ?? 0;
    if (key < cut.key || (key === cut.key && ties-- <= 0)) continue;
    ids[kept] = ids[index] ?? 0;
    keys[kept] = key;
    weights[kept] = weights[index] ?? 0;
    kept++;
  }
  candidates.count = kept;
}

/** IEEE 754: positive numbers order as their bits do, negative ones the other way round. Both zeros are one; NaN is least. */
function keyOf(logit: number): number {
  if (Number.isNaN(logit)) return 0;
  FLOAT[0] = logit + 0;
  const bits = BITS[0] ?? 0;
  return (bits & SIGN ? ~bits : bits | SIGN) >>> 0;
}

/** Equal keys must have equal weights. */
function cutAt(candidates: Candidates, share: number): Cut {
  let key = 0;
  let settled = 0;
  let wanted = share;
  for (const { shift, size } of DIGITS) {
    const found = digitAt(sumsByDigit(candidates, { key, settled, shift, size }), wanted);
    wanted -= found.above;
    key = (key | (found.digit << shift)) >>> 0;
    settled = (settled | ((size - 1) << shift)) >>> 0;
  }
  return { key, ties: Math.max(1, Math.ceil(wanted / weightOf(candidates, key))) };
}

/** The largest digit at which the sum is reached, counted from the largest; the smallest there is where rounding keeps it short. */
function digitAt(sums: Float64Array, wanted: number): { digit: number; above: number } {
  let sum = 0;
  let last = { digit: 0, above: 0 };
  for (let digit = sums.length - 1; digit >= 0; digit--) {
    const each = sums[digit] ?? 0;
    if (each === 0) continue;
    last = { digit, above: sum };
    sum += each;
    if (sum >= wanted) break;
  }
  return last;
}

function sumsByDigit(
  { keys, weights, count }: Candidates,
  { key, settled, shift, size }: { key: number; settled: number; shift: number; size: number },
): Float64Array {
  const sums = new Float64Array(size);
  for (let index = 0; index < count; index++) {
    const each = keys[index] ?? 0;
    if ((each & settled) >>> 0 === key) {
      const digit = (each >>> shift) & (size - 1);
      sums[digit] = (sums[digit] ?? 0) + (weights[index] ?? 0);
    }
  }
  return sums;
}

function weightOf({ keys, weights, count }: Candidates, key: number): number {
  const index = keys.subarray(0, count).indexOf(key);
  return weights[index] || 1;
}
