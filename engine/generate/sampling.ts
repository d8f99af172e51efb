/** Chooses the next token from logits: greedy, or by temperature, top-k, top-p and repetition penalty with a seed. */
import { type Candidates, candidatesOf, keepLargest, largest } from './selection.ts';
import { membersOf, type Softmax, sumBins } from './softmax-bins.ts';

export interface Sampling {
  /** 0: greedy. */
  readonly temperature: number;
  /** 0: all. */
  readonly topK: number;
  /** 1: all. */
  readonly topP: number;
  /** 1: none. */
  readonly repetitionPenalty: number;
  /** A fresh one for each sampler where left out, so that asking again can give another answer. */
  readonly seed?: number | undefined;
}

export const greedy: Sampling = { temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1, seed: 0 };

export type Sampler = (logits: Float32Array, previous: readonly number[]) => number;

export function createSampler(sampling: Sampling): Sampler {
  const random = seededRandom(sampling.seed ?? freshSeed());
  const room: Room = { penalised: new Float32Array(0) };
  return (logits, previous) => {
    const values = penalise(logits, previous, sampling.repetitionPenalty, room);
    return sampling.temperature <= 0 ? argmax(values) : draw(values, sampling, random());
  };
}

/** Used again for each token. */
interface Room {
  penalised: Float32Array;
}

function freshSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}

export function argmax(values: Float32Array): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) {
    if ((values[index] ?? -Infinity) > (values[best] ?? -Infinity)) best = index;
  }
  return best;
}

/** As Keskar et al. (CTRL, 2019) define it: seen tokens' logits are divided when positive, multiplied when negative. */
function penalise(logits: Float32Array, previous: readonly number[], penalty: number, room: Room): Float32Array {
  if (penalty === 1) return logits;
  if (room.penalised.length !== logits.length) room.penalised = new Float32Array(logits.length);
  const { penalised } = room;
  penalised.set(logits);
  for (const id of new Set(previous)) {
    const logit = penalised[id] ?? 0;
    penalised[id] = logit > 0 ? logit / penalty : logit * penalty;
  }
  return penalised;
}

/** The token at `place`, in [0, 1), of the distribution that is asked for. */
export function draw(logits: Float32Array, sampling: Sampling, place: number): number {
  const { temperature, topK } = sampling;
  const likeliest = argmax(logits);
  const softmax = { logits, top: logits[likeliest] ?? 0, temperature };
  const drawn =
    topK > 0 && topK < logits.length ? drawAmong(softmax, sampling, place) : drawFromAll(softmax, sampling.topP, place);
  return drawn ?? likeliest;
}

/** Among the `topK` likeliest. */
function drawAmong(softmax: Softmax, { topK, topP }: Sampling, place: number): number | undefined {
  const { logits, top, temperature } = softmax;
  const kept = candidatesOf(idsOf(largest(logits, topK)), logits, (logit) => Math.exp((logit - top) / temperature));
  if (topP < 1) keepLargest(kept, topP * sumOf(kept));
  return pick(kept, place * sumOf(kept));
}

/** The nucleus are whole bins, and of the last one its likeliest. */
function drawFromAll(softmax: Softmax, topP: number, place: number): number | undefined {
  const { sums, total } = sumBins(softmax);
  const nucleus = binAt(sums, topP < 1 ? topP * total : total);
  const edge = membersOf(softmax, nucleus.bin);
  if (topP < 1) keepLargest(edge, nucleus.within);
  const before = topP * total - nucleus.within;
  const { bin, within } = binAt(sums, place * (topP < 1 ? before + sumOf(edge) : total));
  return pick(bin < nucleus.bin ? membersOf(softmax, bin) : edge, within);
}

/** The bin that a place in the sum of all falls into, and how far. */
function binAt(sums: Float64Array, place: number): { bin: number; within: number } {
  let within = place;
  let last = 0;
  for (let bin = 0; bin < sums.length; bin++) {
    const sum = sums[bin] ?? 0;
    if (sum === 0) continue;
    if (within <= sum) return { bin, within };
    within -= sum;
    last = bin;
  }
  return { bin: last, within: sums[last] ?? 0 }; // Rounding.
}

function idsOf({ ids, count }: Candidates): Uint32Array {
  return ids.subarray(0, count);
}

function sumOf({ weights, count }: Candidates): number {
  let sum = 0;
  for (let index = 0; index < count; index++) sum += weights[index] ?? 0;
  return sum;
}

/** The token at a place of the sum of the weights; undefined where none weighs anything. */
function pick({ ids, weights, count }: Candidates, place: number): number | undefined {
  let left = place;
  let last: number | undefined;
  for (let index = 0; index < count; index++) {
    const weight = weights[index] ?? 0;
    if (weight === 0) continue;
    left -= weight;
    last = ids[index];
    if (left < 0) break;
  }
  return last;
}

/** Mulberry32: a small generator whose sequence is the same everywhere. Values in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
