/**
 * How likely an answer is right: a logistic regression over what can be seen of it, with coefficients that were fitted for the model
 * (`build/eval/confidence.ts`) and lie beside its weights. A model without them has no figure, and none is made up.
 */
import { z } from 'zod';
import { ProximaError } from '../errors.ts';
import { chanceOf } from './logistic.ts';

export interface AnswerSignals {
  /** Of the answer's tokens and the one that ends it, in nats: their mean, and the least certain one. */
  readonly meanLogProbability: number;
  readonly leastLogProbability: number;
  /** 1 where the answer stands in the document word for word, else 0. */
  readonly quoted: number;
  /** Share of the attention to the document that went to the passage shown, 0–1. */
  readonly focus: number;
  /** Share of the question's words that stand in that passage, 0–1. */
  readonly overlap: number;
}

const calibrationSchema = z.object({
  version: z.literal(1),
  /** What it was fitted on. */
  fitted: z.string(),
  bias: z.number(),
  weights: z.object({
    meanLogProbability: z.number(),
    leastLogProbability: z.number(),
    quoted: z.number(),
    focus: z.number(),
    overlap: z.number(),
  }),
});

export type Calibration = z.infer<typeof calibrationSchema>;

/** Beneath it an answer is shown as a guess. */
export const SURE_ENOUGH = 0.5;
/** Less likely tokens say nothing more: a model that is forced away from what it wants has any log probability. */
const LEAST = -10;

/** Throws `model-damaged`. */
export function parseCalibration(text: string, part: string): Calibration {
  try {
    return calibrationSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new ProximaError('model-damaged', {
      part,
      reason: cause instanceof z.ZodError ? 'it is no calibration' : 'it is no JSON',
    });
  }
}

/** 0–1. */
export function probabilityRight({ bias, weights }: Calibration, signals: AnswerSignals): number {
  return chanceOf(
    { bias, weights: SIGNALS.map((name) => weights[name]) },
    SIGNALS.map((name) => bounded(signals[name])),
  );
}

export const SIGNALS = ['meanLogProbability', 'leastLogProbability', 'quoted', 'focus', 'overlap'] as const;

export function bounded(signal: number): number {
  return Number.isFinite(signal) ? Math.max(LEAST, signal) : LEAST;
}
