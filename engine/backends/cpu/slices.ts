/** Which rows of a request go into a call, and which parts of the spans they see. */
import type { AttentionRequest } from '../../attention/attention.ts';
import type { Span } from '../../attention/spans.ts';
import { part, type Vectors } from '../../attention/vectors.ts';
import { firstVisible } from '../../cache/local-window.ts';

/** Some rows of the query heads of one KV head. */
export interface Slice {
  readonly head: number;
  readonly firstRow: number;
  readonly rows: number;
  readonly ratio: number;
  readonly headSize: number;
  readonly softcap: number;
  readonly window: number;
  readonly firstPosition: number;
  readonly scale: number;
  /** [ratio, rows, head size] */
  readonly queries: Float32Array;
  readonly spans: readonly Span[];
}

/** Cuts rows out of a request, and leaves out or shortens spans that none of the rows may see. */
export function slice(request: AttentionRequest, head: number, firstRow: number, rows: number): Slice {
  const { shape } = request;
  const ratio = shape.queryHeads / shape.keyValueHeads;
  const { headSize } = shape;
  const queries = queriesOf(request, head, firstRow, rows);
  const firstPosition = request.firstPosition + firstRow;
  const { window } = shape;
  const first = firstVisible(firstPosition, window);
  const parts = (request.spans[head] ?? []).flatMap((span) =>
    splitSpan(span, first, firstPosition, firstPosition + rows),
  );
  // Masked spans last: that is where the graph expects them.
  const masked = (span: Span) => isMasked(span, { rows, firstPosition, window });
  const ordered = [...parts.filter((span) => !masked(span)), ...parts.filter(masked)];
  const spans = rows === 1 ? joinNeighbours(ordered) : ordered;
  return {
    head,
    firstRow,
    rows,
    ratio,
    headSize,
    softcap: shape.softcap,
    window,
    scale: shape.scale,
    firstPosition,
    queries,
    spans,
  };
}

/** Whether some row may not see the whole of a span. A single row sees all of its own tokens: itself. */
export function isMasked(
  span: Span,
  { rows, firstPosition, window }: Pick<Slice, 'rows' | 'firstPosition' | 'window'>,
): boolean {
  if (rows === 1) return false;
  return span.end > firstPosition || span.start < firstVisible(firstPosition + rows - 1, window);
}

/** [ratio, rows, head size]: the caller's own memory where all of its rows are wanted. */
function queriesOf(
  { shape, queries, rows: all }: AttentionRequest,
  head: number,
  firstRow: number,
  rows: number,
): Float32Array {
  const ratio = shape.queryHeads / shape.keyValueHeads;
  const size = rows * shape.headSize;
  const start = head * ratio * all * shape.headSize;
  if (rows === all) return queries.subarray(start, start + ratio * size);
  const part = new Float32Array(ratio * size);
  for (let each = 0; each < ratio; each++) {
    const from = start + (each * all + firstRow) * shape.headSize;
    part.set(queries.subarray(from, from + size), each * size);
  }
  return part;
}

/** Makes one span of two that lie side by side in memory, as a row's own token does with what was read before it. */
function joinNeighbours(spans: readonly Span[]): Span[] {
  const joined: Span[] = [];
  for (const span of spans) {
    const last = joined.at(-1);
    const keys = last?.end === span.start ? joinViews(last.keys, span.keys) : undefined;
    const values = last && keys ? joinViews(last.values, span.values) : undefined;
    if (last && keys && values) joined[joined.length - 1] = { start: last.start, end: span.end, keys, values };
    else joined.push(span);
  }
  return joined;
}

/** A row's own token is never rounded: only f16 can lie beside it. */
function joinViews({ format, elements: a }: Vectors, { elements: b }: Vectors): Vectors | undefined {
  if (format !== 'f16' || a.buffer !== b.buffer || a.byteOffset + a.byteLength !== b.byteOffset) return undefined;
  return { format, elements: new Uint16Array(a.buffer, a.byteOffset, a.length + b.length) };
}

/** The parts of a span from `first` to `from` and from there up to `to`. */
function splitSpan(span: Span, first: number, from: number, to: number): Span[] {
  const cut = (start: number, end: number): Span[] => {
    if (end <= start) return [];
    const cutOut = (vectors: Vectors) => part(vectors, span.end - span.start, start - span.start, end - span.start);
    return [{ start, end, keys: cutOut(span.keys), values: cutOut(span.values) }];
  };
  return [
    ...cut(Math.max(span.start, first), Math.min(span.end, from)),
    ...cut(Math.max(span.start, from), Math.min(span.end, to)),
  ];
}

export function scatter(part: Float32Array, output: Float32Array, request: AttentionRequest, slice: Slice): void {
  const { rows, ratio, headSize } = slice;
  for (let each = 0; each < ratio; each++) {
    const from = part.subarray(each * rows * headSize, (each + 1) * rows * headSize);
    output.set(from, ((slice.head * ratio + each) * request.rows + slice.firstRow) * headSize);
  }
}
