/** Attention on the CPU: one call of an ONNX graph a KV head, whose signature fits the head's spans. */

import type { Attention, AttentionMass, AttentionRequest } from '../../attention/attention.ts';
import type { Span } from '../../attention/spans.ts';
import { part as partOf, toNumbers, type Vectors } from '../../attention/vectors.ts';
import { firstVisible } from '../../cache/local-window.ts';
import type { GraphSession, Runtime, Tensor } from '../../runtime/runtime.ts';
import { attentionGraph, FEW_ROWS, type GraphSignature, type Input } from './attention-graph.ts';

/** Rows at once: with the longest span their scores stay within the processor's cache. */
const ROWS_AT_ONCE = 256;

/** Spans a call at most: a graph of its own for every number of spans would cost more to create than it saves. */
const SPANS_AT_ONCE = 8;

/** Rows × tokens a call at most: more would push the scores out of the processor's cache, and a call costs little beside. */
const SCORES_AT_ONCE = 1 << 21;

/** Cuts the spans into calls, in order. */
function groupSpans(spans: readonly Span[], rows: number): Span[][] {
  const groups: Span[][] = [];
  let tokens = 0;
  for (const span of spans) {
    const size = span.end - span.start;
    const last = groups.at(-1);
    if (last && last.length < SPANS_AT_ONCE && (tokens + size) * rows <= SCORES_AT_ONCE) {
      last.push(span);
      tokens += size;
    } else {
      groups.push([span]);
      tokens = size;
    }
  }
  return groups;
}

export class CpuAttention implements Attention {
  readonly #runtime: Runtime;
  readonly #sessions = new Map<string, Promise<GraphSession>>();
  /** Widened vectors, by the input that they are for. */
  readonly #rooms = new Map<string, Float32Array>();
  #lastMask: { readonly key: string; readonly mask: Float32Array } | undefined;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  async attend(request: AttentionRequest): Promise<Float32Array> {
    const { shape, rows } = request;
    if (shape.keyValueHeads === 1 && rows <= ROWS_AT_ONCE) {
      return foldGroups(await this.#run(slice(request, 0, 0, rows), false), shape.headSize);
    }
    const output = new Float32Array(shape.queryHeads * rows * shape.headSize);
    for (let head = 0; head < shape.keyValueHeads; head++) {
      for (let row = 0; row < rows; row += ROWS_AT_ONCE) {
        const part = slice(request, head, row, Math.min(ROWS_AT_ONCE, rows - row));
        scatter(foldGroups(await this.#run(part, false), part.headSize), output, request, part);
      }
    }
    return output;
  }

  async attendWithMass(request: AttentionRequest, mass: AttentionMass, sinks: number): Promise<Float32Array> {
    const { shape, rows } = request;
    const output = new Float32Array(shape.queryHeads * rows * shape.headSize);
    for (let head = 0; head < shape.keyValueHeads; head++) {
      const part = slice(request, head, 0, rows);
      const groups = await this.#run(part, true);
      addMass(groups, part, mass.mass, sinks); // Before the fold, which takes the first group's memory.
      scatter(foldGroups(groups, part.headSize), output, request, part);
    }
    return output;
  }

  async close(): Promise<void> {
    const sessions = await Promise.all(this.#sessions.values());
    this.#sessions.clear();
    await Promise.all(sessions.map((session) => session.close()));
  }

  async #run(part: Slice, probabilities: boolean): Promise<Group[]> {
    const groups: Group[] = [];
    for (const spans of groupSpans(part.spans, part.rows))
      groups.push(await this.#runGroup(part, spans, probabilities));
    return groups;
  }

  async #runGroup(part: Slice, spans: readonly Span[], probabilities: boolean): Promise<Group> {
    const { ratio, rows, headSize, scale, softcap } = part;
    const fewRows = rows <= FEW_ROWS;
    const inputs = spans.map((span) => {
      return { keys: inputOf(span.keys), values: inputOf(span.values), masked: isMasked(span, part) };
    });
    const session = await this.#session({ spans: inputs, scale, softcap, probabilities, fewRows });
    const feeds: Record<string, Tensor> = { q: this.#runtime.tensor('float32', part.queries, [ratio, rows, headSize]) };
    for (const [index, span] of spans.entries()) {
      const tokens = span.end - span.start;
      this.#feed(feeds, 'k', index, span.keys, [tokens, headSize], fewRows);
      this.#feed(feeds, 'v', index, span.values, [tokens, headSize], fewRows);
      if (!inputs[index]?.masked) continue;
      const mask = this.#mask(rows, tokens, part.firstPosition - span.start, part.window);
      feeds[`mask${index}`] = this.#runtime.tensor('float32', mask, [rows, tokens]);
    }
    const results = await session.run(feeds);
    const shares = probabilities ? spans.map((_, index) => float32(results[`p${index}`])) : [];
    return { output: float32(results.o), logSumExps: float32(results.lse), spans, shares };
  }

  /** Vectors as their graph takes them (`inputOf`). */
  #feed(
    feeds: Record<string, Tensor>,
    name: 'k' | 'v',
    index: number,
    vectors: Vectors,
    dimensions: readonly [number, number],
    fewRows: boolean,
  ): void {
    const [tokens, headSize] = dimensions;
    const own = `${name}${index}`;
    if (vectors.format === 'f16') feeds[own] = this.#runtime.tensor('float16', vectors.elements, dimensions);
    else if (vectors.format === 'int8') {
      feeds[own] = this.#runtime.tensor('int8', vectors.elements, dimensions);
      feeds[`${name}s${index}`] = this.#runtime.tensor('float32', vectors.grids, fewRows ? [tokens] : [tokens, 1]);
    } else {
      const numbers = toNumbers(vectors, headSize, this.#room(own, tokens * headSize));
      feeds[own] = this.#runtime.tensor('float32', numbers, dimensions);
    }
  }

  /** Memory that calls use one after the other. */
  #room(name: string, length: number): Float32Array {
    const known = this.#rooms.get(name);
    if (known && known.length >= length) return known;
    const room = new Float32Array(length);
    this.#rooms.set(name, room);
    return room;
  }

  /** Prefill asks for the same mask at every block. */
  #mask(rows: number, width: number, lead: number, window: number): Float32Array {
    const key = `${rows},${width},${lead},${window}`;
    if (this.#lastMask?.key !== key) this.#lastMask = { key, mask: maskOf(rows, width, lead, window) };
    return this.#lastMask.mask;
  }

  #session(signature: GraphSignature): Promise<GraphSession> {
    const key = JSON.stringify(signature);
    const known = this.#sessions.get(key);
    if (known) return known;
    const created = attentionGraph(signature).then((graph) => this.#runtime.createSession(graph));
    this.#sessions.set(key, created);
    return created;
  }
}

/** No operator unpacks int4 as fast as a loop does; the others are widened inside the graph, by all threads. */
function inputOf({ format }: Vectors): Input {
  return format === 'int4' ? 'f32' : format;
}

/** What one call gave: a partial result a row, and each span's probabilities within the call. */
interface Group {
  /** [ratio, rows, head size] */
  readonly output: Float32Array;
  /** [ratio, rows] */
  readonly logSumExps: Float32Array;
  readonly spans: readonly Span[];
  readonly shares: readonly Float32Array[];
}

/** How much each group weighs in a row's fold: exp(lse − lse of all). */
function groupWeights(groups: readonly Group[], row: number): number[] {
  const exponents = groups.map((group) => group.logSumExps[row] ?? -Infinity);
  const top = Math.max(...exponents);
  const weights = exponents.map((exponent) => Math.exp(exponent - top));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** Merges all groups' partial results into the first one's memory. */
function foldGroups(groups: readonly Group[], headSize: number): Float32Array {
  const [first, ...others] = groups;
  if (!first) throw new RangeError('attention over no span at all');
  for (const other of others) mergeGroup(first, other, headSize);
  return first.output;
}

/** Merges by log-sum-exps, row by row; scalars only, because prefill does this for every row of every layer. */
function mergeGroup(target: Group, other: Group, headSize: number): void {
  for (let row = 0; row < target.logSumExps.length; row++) {
    const own = target.logSumExps[row] ?? 0;
    const added = other.logSumExps[row] ?? 0;
    const top = Math.max(own, added);
    const sum = Math.exp(own - top) + Math.exp(added - top);
    const share = Math.exp(added - top) / sum;
    target.logSumExps[row] = top + Math.log(sum);
    for (let index = row * headSize; index < (row + 1) * headSize; index++) {
      const before = target.output[index] ?? 0;
      target.output[index] = before + share * ((other.output[index] ?? 0) - before);
    }
  }
}

/** Some rows of the query heads of one KV head. */
interface Slice {
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
function slice(request: AttentionRequest, head: number, firstRow: number, rows: number): Slice {
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
function isMasked(
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
    const cutOut = (vectors: Vectors) => partOf(vectors, span.end - span.start, start - span.start, end - span.start);
    return [{ start, end, keys: cutOut(span.keys), values: cutOut(span.values) }];
  };
  return [
    ...cut(Math.max(span.start, first), Math.min(span.end, from)),
    ...cut(Math.max(span.start, from), Math.min(span.end, to)),
  ];
}

// A large negative number rather than −∞: the first token of a span may be hidden from a row, and −∞ − −∞ is not a number.
const HIDDEN = -1e30;

/** [rows, width]; row r sees the first `lead` + r + 1 tokens, or the last `window` of them. */
function maskOf(rows: number, width: number, lead: number, window: number): Float32Array {
  const mask = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const visible = Math.max(0, Math.min(width, lead + row + 1));
    mask.fill(HIDDEN, row * width + visible, (row + 1) * width);
    mask.fill(HIDDEN, row * width, row * width + Math.min(width, firstVisible(lead + row, window)));
  }
  return mask;
}

function scatter(part: Float32Array, output: Float32Array, request: AttentionRequest, slice: Slice): void {
  const { rows, ratio, headSize } = slice;
  for (let each = 0; each < ratio; each++) {
    const from = part.subarray(each * rows * headSize, (each + 1) * rows * headSize);
    output.set(from, ((slice.head * ratio + each) * request.rows + slice.firstRow) * headSize);
  }
}

/** Adds each row's probabilities, weighted by the row's own peak outside the sinks: heads that look at one place count. */
function addMass(groups: readonly Group[], part: Slice, mass: Float64Array, sinks: number): void {
  for (let row = 0; row < part.ratio * part.rows; row++) {
    const weights = groupWeights(groups, row);
    let peak = 0;
    eachShare(groups, weights, row, sinks, mass.length, (_token, share) => {
      if (share > peak) peak = share;
    });
    eachShare(groups, weights, row, sinks, mass.length, (token, share) => {
      mass[token] = (mass[token] ?? 0) + peak * share;
    });
  }
}

function eachShare(
  groups: readonly Group[],
  weights: readonly number[],
  row: number,
  from: number,
  to: number,
  visit: (token: number, share: number) => void,
): void {
  for (const [index, group] of groups.entries()) {
    const weight = weights[index] ?? 0;
    for (const [place, span] of group.spans.entries()) {
      const shares = group.shares[place] ?? new Float32Array(0);
      const offset = row * (span.end - span.start) - span.start;
      for (let token = Math.max(from, span.start); token < Math.min(to, span.end); token++) {
        visit(token, weight * (shares[offset + token] ?? 0));
      }
    }
  }
}

function float32(tensor: Tensor | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new TypeError('the attention graph gave no float32 tensor');
  return tensor.data;
}
