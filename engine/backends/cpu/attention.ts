/** Attention on the CPU: one call of an ONNX graph a KV head, whose signature fits the head's spans. */

import type { Attention, AttentionMass, AttentionRequest, AttentionSums } from '../../attention/attention.ts';
import type { Span } from '../../attention/spans.ts';
import { toNumbers, type Vectors } from '../../attention/vectors.ts';
import { firstVisible } from '../../cache/local-window.ts';
import type { GraphSession, Runtime, Tensor } from '../../runtime/runtime.ts';
import { attentionGraph, FEW_ROWS, type GraphSignature, type Input } from './attention-graph.ts';
import { addMass, foldGroups, type Group } from './groups.ts';
import { isMasked, type Slice, scatter, slice } from './slices.ts';
import { addFolded, type GroupSums, sumRuns } from './sums.ts';

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
      const counts = mass.heads?.[head] ?? true;
      const groups = await this.#run(part, counts);
      if (counts) addMass(groups, part, mass.mass, sinks); // Before the fold, which takes the first group's memory.
      scatter(foldGroups(groups, part.headSize), output, request, part);
    }
    return output;
  }

  /** Call by call, so that no more than one call's shares are held. */
  async addSums(request: AttentionRequest, wanted: AttentionSums): Promise<void> {
    const part = slice(request, wanted.head, 0, request.rows);
    const found: GroupSums[] = [];
    for (const spans of groupSpans(part.spans, part.rows))
      found.push(sumRuns(await this.#runGroup(part, spans, true), part, wanted));
    addFolded(found, part, wanted);
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

function float32(tensor: Tensor | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new TypeError('the attention graph gave no float32 tensor');
  return tensor.data;
}
