/** Attention on the CPU: one call of an ONNX graph a KV head, whose signature fits the head's spans. */
import type { Span } from '../cache/spans.ts';
import type { GraphSession, Runtime, Tensor } from '../runtime/runtime.ts';
import type { Attention, AttentionMass, AttentionRequest } from './attention.ts';
import { attentionGraph, type GraphSignature } from './cpu-graph.ts';

/** Rows at once: with the longest span their scores stay within the processor's cache. */
const ROWS_AT_ONCE = 128;

export class CpuAttention implements Attention {
  readonly #runtime: Runtime;
  readonly #sessions = new Map<string, Promise<GraphSession>>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  async attend(request: AttentionRequest): Promise<Float32Array> {
    const { shape, rows } = request;
    const output = new Float32Array(shape.queryHeads * rows * shape.headSize);
    for (let head = 0; head < shape.keyValueHeads; head++) {
      for (let row = 0; row < rows; row += ROWS_AT_ONCE) {
        const part = slice(request, head, row, Math.min(ROWS_AT_ONCE, rows - row));
        const result = await this.#run(part, false);
        scatter(float32(result.o), output, request, part);
      }
    }
    return output;
  }

  async attendWithMass(request: AttentionRequest, mass: AttentionMass, sinks: number): Promise<Float32Array> {
    const { shape, rows } = request;
    const output = new Float32Array(shape.queryHeads * rows * shape.headSize);
    for (let head = 0; head < shape.keyValueHeads; head++) {
      const part = slice(request, head, 0, rows);
      const result = await this.#run(part, true);
      scatter(float32(result.o), output, request, part);
      addMass(result, part, mass.mass, sinks);
    }
    return output;
  }

  async close(): Promise<void> {
    const sessions = await Promise.all(this.#sessions.values());
    this.#sessions.clear();
    await Promise.all(sessions.map((session) => session.close()));
  }

  async #run(part: Slice, probabilities: boolean): Promise<Record<string, Tensor>> {
    const { spans, ratio, rows, headSize } = part;
    const before = spans.filter((span) => span.end <= part.firstPosition);
    const within = spans.filter((span) => span.end > part.firstPosition);
    const signature = { before: before.length, within: within.length, softcap: part.softcap, probabilities };
    const session = await this.#session(signature);
    const feeds: Record<string, Tensor> = { q: this.#runtime.tensor('float32', part.queries, [ratio, rows, headSize]) };
    for (const [index, span] of [...before, ...within].entries()) {
      const dimensions = [span.end - span.start, headSize];
      feeds[`k${index}`] = this.#runtime.tensor('float16', span.keys, dimensions);
      feeds[`v${index}`] = this.#runtime.tensor('float16', span.values, dimensions);
    }
    for (const [index, span] of within.entries()) {
      const mask = causalMask(rows, part.firstPosition, span);
      feeds[`mask${index}`] = this.#runtime.tensor('float32', mask, [rows, span.end - span.start]);
    }
    return session.run(feeds);
  }

  #session(signature: GraphSignature): Promise<GraphSession> {
    const key = `${signature.before}+${signature.within},${signature.softcap},${signature.probabilities}`;
    const known = this.#sessions.get(key);
    if (known) return known;
    const created = attentionGraph(signature).then((graph) => this.#runtime.createSession(graph));
    this.#sessions.set(key, created);
    return created;
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
  readonly firstPosition: number;
  /** [ratio, rows, head size], scaled. */
  readonly queries: Float32Array;
  readonly spans: readonly Span[];
}

/** Cuts rows out of a request: scales the queries, and leaves out or shortens spans that none of the rows may see. */
function slice(request: AttentionRequest, head: number, firstRow: number, rows: number): Slice {
  const { shape } = request;
  const ratio = shape.queryHeads / shape.keyValueHeads;
  const { headSize } = shape;
  const queries = new Float32Array(ratio * rows * headSize);
  for (let each = 0; each < ratio; each++) {
    const from = ((head * ratio + each) * request.rows + firstRow) * headSize;
    const source = request.queries.subarray(from, from + rows * headSize);
    const target = each * rows * headSize;
    for (let index = 0; index < source.length; index++) queries[target + index] = (source[index] ?? 0) * shape.scale;
  }
  const firstPosition = request.firstPosition + firstRow;
  const spans = (request.spans[head] ?? []).flatMap((span) =>
    splitSpan(span, firstPosition, firstPosition + rows, headSize),
  );
  return { head, firstRow, rows, ratio, headSize, softcap: shape.softcap, firstPosition, queries, spans };
}

/** The parts of a span before `from` and from there up to `to`. */
function splitSpan(span: Span, from: number, to: number, headSize: number): Span[] {
  const cut = (start: number, end: number): Span[] => {
    if (end <= start) return [];
    if (start === span.start && end === span.end) return [span];
    const [a, b] = [(start - span.start) * headSize, (end - span.start) * headSize];
    return [{ start, end, keys: span.keys.subarray(a, b), values: span.values.subarray(a, b) }];
  };
  return [...cut(span.start, Math.min(span.end, from)), ...cut(Math.max(span.start, from), Math.min(span.end, to))];
}

// A large negative number rather than −∞: the first token of a span may be hidden from a row, and −∞ − −∞ is not a number.
const HIDDEN = -1e30;

function causalMask(rows: number, firstPosition: number, span: Span): Float32Array {
  const width = span.end - span.start;
  const mask = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const visible = Math.max(0, Math.min(width, firstPosition + row + 1 - span.start));
    mask.fill(HIDDEN, row * width + visible, (row + 1) * width);
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
function addMass(result: Record<string, Tensor>, part: Slice, mass: Float64Array, sinks: number): void {
  const ordered = [
    ...part.spans.filter((span) => span.end <= part.firstPosition),
    ...part.spans.filter((span) => span.end > part.firstPosition),
  ];
  const visible = ordered
    .map((span, index) => ({ span, shares: float32(result[`p${index}`]) }))
    .filter(({ span }) => span.start < mass.length);
  for (let row = 0; row < part.ratio * part.rows; row++) {
    let peak = 0;
    eachShare(visible, row, sinks, mass.length, (_token, share) => {
      if (share > peak) peak = share;
    });
    eachShare(visible, row, sinks, mass.length, (token, share) => {
      mass[token] = (mass[token] ?? 0) + peak * share;
    });
  }
}

function eachShare(
  spans: readonly { span: Span; shares: Float32Array }[],
  row: number,
  from: number,
  to: number,
  visit: (token: number, share: number) => void,
): void {
  for (const { span, shares } of spans) {
    const width = span.end - span.start;
    for (let token = Math.max(from, span.start); token < Math.min(to, span.end); token++) {
      visit(token, shares[row * width + token - span.start] ?? 0);
    }
  }
}

function float32(tensor: Tensor | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new TypeError('the attention graph gave no float32 tensor');
  return tensor.data;
}
