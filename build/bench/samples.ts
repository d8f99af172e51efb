/** Token ids that look like nothing in particular, below the smallest vocabulary measured. */
export function tokenIds(count: number): number[] {
  return Array.from({ length: count }, (_, index) => 10 + ((index * 7919) % 8000));
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
