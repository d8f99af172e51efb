/**
 * Softmax over a whole vocabulary, summed in bins of like tokens. A draw first falls into a bin and then among its few tokens,
 * so that no order of all the tokens is needed and no weight is kept.
 */
import { type Candidates, candidatesOf } from './selection.ts';

/** What the weights depend on; a weight is exp((logit − top) / temperature). */
export interface Softmax {
  readonly logits: Float32Array;
  readonly top: number;
  readonly temperature: number;
}

export interface Bins {
  /** The likeliest tokens are in the first bin; all of a bin are likelier than all of the next one. */
  readonly sums: Float64Array;
  readonly total: number;
}

const BINS_PER_UNIT = 64;
const STEPS_PER_BIN = 256;
const STEPS_PER_UNIT = BINS_PER_UNIT * STEPS_PER_BIN;
/** Beneath e^-60 of the likeliest, 100,000 tokens together don't change a sum of doubles that is 1 or more. */
const BINS = 60 * BINS_PER_UNIT;
const OF_BINS = Float64Array.from({ length: BINS }, (_, bin) => Math.exp(-bin / BINS_PER_UNIT));
const OF_STEPS = Float64Array.from({ length: STEPS_PER_BIN }, (_, step) => Math.exp(-step / STEPS_PER_UNIT));

/** By two tables and what is left of Taylor's series, right to 13 digits: Math.exp takes twice as long. NaN weighs nothing. */
export function sumBins({ logits, top, temperature }: Softmax): Bins {
  const sums = new Float64Array(BINS);
  const scale = STEPS_PER_UNIT / temperature;
  for (let id = 0; id < logits.length; id++) {
    const depth = (top - (logits[id] as number)) * scale;
    if (!(depth < BINS * STEPS_PER_BIN)) continue;
    const step = depth | 0;
    const bin = step >>> 8;
    const rest = (step - depth) * (1 / STEPS_PER_UNIT);
    const weight = (OF_BINS[bin] as number) * (OF_STEPS[step & (STEPS_PER_BIN - 1)] as number);
    (sums[bin] as number) += weight * (1 + rest * (1 + rest * 0.5));
  }
  return { sums, total: sums.reduce((sum, each) => sum + each, 0) };
}

/** The tokens of a bin with their weights. */
export function membersOf({ logits, top, temperature }: Softmax, bin: number): Candidates {
  const scale = STEPS_PER_UNIT / temperature;
  const first = bin * STEPS_PER_BIN;
  const ids: number[] = [];
  for (let id = 0; id < logits.length; id++) {
    const depth = (top - (logits[id] as number)) * scale;
    if (depth < first + STEPS_PER_BIN && depth >= first) ids.push(id);
  }
  return candidatesOf(ids, logits, (logit) => Math.exp((logit - top) / temperature));
}
