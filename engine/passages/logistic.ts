/** Logistic regression: what every probability that an answer is right is reckoned by. */
export interface Logistic {
  readonly bias: number;
  readonly weights: readonly number[];
}

/** 0–1. row: a signal a weight. */
export function chanceOf({ bias, weights }: Logistic, row: readonly number[]): number {
  const sum = row.reduce((all, each, place) => all + each * (weights[place] ?? 0), bias);
  return 1 / (1 + Math.exp(-sum));
}
