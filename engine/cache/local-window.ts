/** Layers whose attention ends at a local window: `window` tokens, the row's own included, 0: no end. */

/** The first token that a row at `position` sees. */
export function firstVisible(position: number, window: number): number {
  return window > 0 ? Math.max(0, position - window + 1) : 0;
}
