/** How the rows of a step are cut where the recent window moves. */
import { WINDOW_STEP } from './proximity.ts';

export interface RowBlock {
  /** Positions, end exclusive. */
  readonly from: number;
  readonly to: number;
  /** The position for which the recent window stands. */
  readonly windowAt: number;
}

/**
 * Committed rows are attended block by block of the window's grid, so that the window stands where the position says and never
 * where a chunk happens to begin. Uncommitted rows all see the window of what is committed.
 */
export function windowBlocks(start: number, rows: number, commit: boolean, committed: number): RowBlock[] {
  const end = start + rows;
  if (!commit) return [{ from: start, to: end, windowAt: committed }];
  const blocks: RowBlock[] = [];
  for (let from = start; from < end; ) {
    const to = Math.min(end, (Math.floor(from / WINDOW_STEP) + 1) * WINDOW_STEP);
    blocks.push({ from, to, windowAt: from });
    from = to;
  }
  return blocks;
}
