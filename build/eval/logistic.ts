/** Logistic regression for the probability that an answer is right, and how well such a probability holds. */
import { chanceOf, type Logistic } from '../../engine/passages/logistic.ts';

export interface Rated {
  /** As told, 0–1. */
  readonly probability: number;
  readonly right: boolean;
}

const STEPS = 4000;
/** Holds the weights back a little. */
const DECAY = 0.01;
const BINS = 10;

/** Gradient descent on the mean log loss, over columns of mean 0 and deviation 1. rows: [answers][signals]. */
export function fitLogistic(rows: readonly (readonly number[])[], right: readonly boolean[]): Logistic {
  const scales = (rows[0] ?? []).map((_, place) => scaleOf(rows.map((row) => row[place] ?? 0)));
  const scaled = rows.map((row) =>
    row.map((each, place) => (each - (scales[place]?.mean ?? 0)) / (scales[place]?.deviation ?? 1)),
  );
  const weights = scales.map(() => 0);
  let bias = 0;
  for (let step = 0; step < STEPS; step++) {
    const slopes = weights.map(() => 0);
    let slope = 0;
    for (const [index, row] of scaled.entries()) {
      const error = chanceOf({ bias, weights }, row) - (right[index] ? 1 : 0);
      slope += error;
      for (const [place, each] of row.entries()) slopes[place] = (slopes[place] ?? 0) + error * each;
    }
    bias -= slope / rows.length;
    for (const [place, weight] of weights.entries())
      weights[place] = weight - (slopes[place] ?? 0) / rows.length - DECAY * weight;
  }
  const raw = weights.map((weight, place) => weight / (scales[place]?.deviation ?? 1));
  const shift = raw.reduce((sum, weight, place) => sum + weight * (scales[place]?.mean ?? 0), 0);
  return { bias: rounded(bias - shift), weights: raw.map(rounded) };
}

/** A table of what was told against what was right, and the expected calibration error over ten bins. */
export function describeCurve(rated: readonly Rated[]): string {
  const lines = ['| said | answers | right |', '|---|---|---|'];
  let error = 0;
  for (let bin = 0; bin < BINS; bin++) {
    const inside = rated.filter(({ probability }) => Math.min(BINS - 1, Math.floor(probability * BINS)) === bin);
    if (inside.length === 0) continue;
    const right = inside.filter((each) => each.right).length / inside.length;
    const said = inside.reduce((sum, { probability }) => sum + probability, 0) / inside.length;
    error += (inside.length / rated.length) * Math.abs(right - said);
    lines.push(`| ${said.toFixed(2)} | ${inside.length} | ${right.toFixed(2)} |`);
  }
  return `${lines.join('\n')}\nexpected calibration error ${error.toFixed(3)}\n`;
}

function scaleOf(column: readonly number[]): { mean: number; deviation: number } {
  const mean = column.reduce((sum, each) => sum + each, 0) / column.length;
  return { mean, deviation: Math.sqrt(column.reduce((sum, each) => sum + (each - mean) ** 2, 0) / column.length) || 1 };
}

function rounded(number: number): number {
  return Number(number.toFixed(4));
}
