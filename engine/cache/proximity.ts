/** Which tokens are near a query: sinks and recent window, kept as they are in every unit. Everything between is distant. */

/** How many tokens at the start and at the end keep their own keys everywhere. */
export interface Proximity {
  readonly sinks: number;
  readonly recent: number;
}

/**
 * The recent window moves in steps of this many tokens, so that where it stands depends on a token's position alone and
 * never on how a document was cut into chunks. A query sees its `recent` predecessors or up to one step more.
 */
export const WINDOW_STEP = 256;

/** The first token that is not distant for a query at `position`; everything from the sinks up to it is distant. */
export function recentStart(position: number, { sinks, recent }: Proximity): number {
  const step = position - (position % WINDOW_STEP);
  return Math.max(sinks, step - recent);
}

/** One past the last distant token for a query at `position`; 0 where no token is distant. */
export function distantEnd(position: number, proximity: Proximity): number {
  const end = Math.min(position, recentStart(position, proximity));
  return end > proximity.sinks ? end : 0;
}
