/** Spans over stores that keep keys and values in pages of their own. */
import type { Span } from '../../attention/spans.ts';
import { part } from '../../attention/vectors.ts';
import type { Run } from './store.ts';

/** Something that hands out runs of a token range, page by page. */
export interface Runs {
  run(from: number, to: number): Run;
}

/** Pairs keys with values over `from`..`to`: a new span wherever either lies in another page. */
export function pairSpans(keys: Runs, values: Runs, from: number, to: number): Span[] {
  const spans: Span[] = [];
  for (let start = from; start < to; ) {
    const keyRun = keys.run(start, to);
    const { end, vectors } = values.run(start, keyRun.end);
    spans.push({ start, end, keys: part(keyRun.vectors, keyRun.end - start, 0, end - start), values: vectors });
    start = end;
  }
  return spans;
}
