/** Spans over stores that keep keys and values in pages of their own. */
import type { Span } from '../../attention/spans.ts';
import type { HalfRun } from './half-store.ts';

/** Something that hands out runs of a token range, page by page. */
export interface Runs {
  run(from: number, to: number): HalfRun;
}

/** Pairs keys with values over `from`..`to`: a new span wherever either lies in another page. */
export function pairSpans(keys: Runs, values: Runs, from: number, to: number): Span[] {
  const spans: Span[] = [];
  for (let start = from; start < to; ) {
    const keyRun = keys.run(start, to);
    const valueRun = values.run(start, keyRun.end);
    const end = valueRun.end;
    const elements = ((end - start) * keyRun.data.length) / (keyRun.end - keyRun.start);
    spans.push({ start, end, keys: keyRun.data.subarray(0, elements), values: valueRun.data });
    start = end;
  }
  return spans;
}
