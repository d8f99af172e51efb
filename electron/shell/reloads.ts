/** How often a page may be loaded again before something else has to be done. */

export interface ReloadLimit {
  readonly most: number;
  /** Milliseconds within which they are counted. */
  readonly window: number;
}

/** Whether to load again, asked each time a page has gone; `now` in milliseconds. */
export function countReloads({ most, window }: ReloadLimit): (now: number) => boolean {
  let times: number[] = [];
  return (now) => {
    times = times.filter((time) => now - time < window);
    if (times.length >= most) return false;
    times.push(now);
    return true;
  };
}
