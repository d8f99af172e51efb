/** Which of the sentences that were read again answers, and how likely it is right. */
import { chanceOf } from '../passages/logistic.ts';
import type { QuotingConfidence } from './quoting-file.ts';

export interface Candidate {
  /** Of the document. */
  readonly sentence: number;
  /** What finding says for it: the mean of attention and words, about 0–1. */
  readonly found: number;
  /** Probability that the model says, having read it, that the document does not tell. */
  readonly refused: number;
}

/** What an answer's confidence is reckoned from; each a logarithm. */
export interface QuotingSignals {
  /** That the sentence answers. */
  readonly taken: number;
  /** That it was found. */
  readonly found: number;
  /** That the span is the answer. */
  readonly pointed: number;
}

/** A sentence that corrects another is refused less than this, and found at least so much as well. */
const CORRECTS = 0.5;

export const QUOTING_SIGNALS = ['taken', 'found', 'pointed'] as const;

/** The sentences that attention or words put first, best of all first. Attention, words: a score a sentence. */
export function bestSentences(
  attention: Float64Array | undefined,
  words: Float64Array,
  counts: { readonly attention: number; readonly words: number },
): number[] {
  const byAttention = attention ? highest(attention, counts.attention) : [];
  const found = (sentence: number) => foundBy(attention, words, sentence);
  return [...new Set([...byAttention, ...highest(words, counts.words)])].sort((a, b) => found(b) - found(a));
}

export function foundBy(attention: Float64Array | undefined, words: Float64Array, sentence: number): number {
  const byWords = words[sentence] ?? 0;
  return attention ? 0.5 * (byWords + (attention[sentence] ?? 0)) : byWords;
}

/** The places of the `most` largest, largest first. */
export function highest(scores: Float64Array, most: number): number[] {
  const best: number[] = [];
  for (const [index, score] of scores.entries()) {
    if (best.length === most && score <= (scores[best.at(-1) ?? 0] ?? 0)) continue;
    const place = best.findIndex((each) => (scores[each] ?? 0) < score);
    best.splice(place < 0 ? best.length : place, 0, index);
    if (best.length > most) best.pop();
  }
  return best;
}

export function choose<Each extends Candidate>(candidates: readonly Each[], findingWeight: number): Each | undefined {
  const score = (each: Candidate) => takenSign(each) + findingWeight * foundSign(each);
  return candidates.reduce<Each | undefined>(
    (best, each) => (best === undefined || score(each) > score(best) ? each : best),
    undefined,
  );
}

/** Of a later sentence that was found nearly as well: whether it may take an answer back. */
export function mayCorrect(later: Candidate, chosen: Candidate): boolean {
  return later.sentence > chosen.sentence && later.refused < CORRECTS && later.found > CORRECTS * chosen.found;
}

// What is added keeps the logarithms from running away; `evaluate_candidates.py` has the same.
function takenSign({ refused }: Pick<Candidate, 'refused'>): number {
  return Math.log(1.003 - refused);
}

function foundSign({ found }: Pick<Candidate, 'found'>): number {
  return Math.log(found + 0.02);
}

export function signalsOf(candidate: Candidate, chance: number): QuotingSignals {
  return { taken: takenSign(candidate), found: foundSign(candidate), pointed: Math.log(chance + 0.003) };
}

/** 0–1. */
export function probabilityRight(
  { bias, weights }: Pick<QuotingConfidence, 'bias' | 'weights'>,
  signals: QuotingSignals,
): number {
  return chanceOf(
    { bias, weights: QUOTING_SIGNALS.map((name) => weights[name]) },
    QUOTING_SIGNALS.map((name) => signals[name]),
  );
}
