/** A loaded model as the engine runs it: segment, attention, segment, attention, …, logits. */
import type { Attention, AttentionMass, AttentionShape } from '../attention/attention.ts';
import type { KeyValueCache } from '../cache/key-value-cache.ts';
import { WINDOW_STEP } from '../cache/sharing-plan.ts';
import { ProximaError } from '../errors.ts';
import type { Runtime, Tensor } from '../runtime/runtime.ts';
import type { AttentionNode } from './attention-node.ts';
import type { CutModel } from './cut.ts';
import { Graft } from './graft.ts';
import type { SegmentSession } from './segments.ts';

export interface RotaryCache {
  /** [positions, half] */
  readonly data: Float32Array;
  readonly half: number;
}

export interface ForwardOptions {
  /** Commit the tokens after they went through, and let the recent window move on within them. */
  readonly commit: boolean;
  /** What is wanted of the last row; with 'nothing' the last layer only stores its keys and values. */
  readonly want: 'nothing' | 'logits';
  /** Gather where the rows look. */
  readonly mass?: AttentionMass;
}

export class Decoder {
  readonly cut: CutModel;
  readonly #segments: readonly SegmentSession[];
  readonly #rotary: ReadonlyMap<string, RotaryCache>;
  readonly #runtime: Runtime;
  readonly #attention: Attention;
  readonly #shapes: readonly AttentionShape[];
  readonly #graphInputNames: readonly string[];

  constructor(
    cut: CutModel,
    segments: readonly SegmentSession[],
    rotary: ReadonlyMap<string, RotaryCache>,
    runtime: Runtime,
    attention: Attention,
  ) {
    this.cut = cut;
    this.#segments = segments;
    this.#rotary = rotary;
    this.#runtime = runtime;
    this.#attention = attention;
    const crossing = new Set(segments.flatMap((segment) => [...segment.crossing]));
    this.#graphInputNames = [...new Set(segments.flatMap((segment) => [...segment.inputs]))].filter(
      (name) => !crossing.has(name),
    );
    this.#shapes = cut.attention.map(({ queryHeads, keyValueHeads, headSize, scale, softcap }) => {
      return { queryHeads, keyValueHeads, headSize, scale, softcap };
    });
  }

  /**
   * Runs tokens through the model behind what the cache holds; gives the logits of the last one when wanted.
   * All tokens of a call are seen by every layer, or, when it rejects, by none: the cache is rewound.
   */
  async forward(
    ids: readonly number[],
    cache: KeyValueCache,
    options: ForwardOptions,
  ): Promise<Float32Array | undefined> {
    const start = cache.length;
    try {
      const logits = await this.#run(ids, start, cache, options);
      if (options.commit) cache.commit();
      return logits;
    } catch (error) {
      cache.rewind(Math.max(start, cache.committed));
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#attention.close();
    for (const segment of this.#segments) await segment.session.close();
  }

  async #run(
    ids: readonly number[],
    start: number,
    cache: KeyValueCache,
    options: ForwardOptions,
  ): Promise<Float32Array | undefined> {
    const rows = ids.length;
    const tensors = this.#graphInputs(ids, start);
    let attention: Tensor | undefined;
    for (const [index, segment] of this.#segments.entries()) {
      const node = this.cut.attention[index];
      const last = node === undefined;
      const feeds = this.#feeds(segment, node, tensors, attention, start, rows);
      const results = await segment.session.run(last ? lastRows(feeds, rows, this.#runtime) : feeds);
      for (const name of segment.crossing) tensors.set(name, results[name] as Tensor);
      if (last) return results[Graft.logits]?.data as Float32Array;
      cache.append(index, results[Graft.key]?.data as Uint16Array, results[Graft.value]?.data as Uint16Array);
      if (options.want === 'nothing' && index === this.cut.attention.length - 1) return undefined;
      attention = await this.#attend(index, results[Graft.query]?.data as Float32Array, start, rows, cache, options);
    }
    return undefined;
  }

  #graphInputs(ids: readonly number[], start: number): Map<string, Tensor> {
    const rows = ids.length;
    const integers = (length: number, value: (index: number) => number) =>
      this.#runtime.tensor(
        'int64',
        BigInt64Array.from({ length }, (_, index) => BigInt(value(index))),
        [1, length],
      );
    const known: Record<string, () => Tensor> = {
      input_ids: () => integers(rows, (index) => ids[index] ?? 0),
      position_ids: () => integers(rows, (index) => start + index),
      attention_mask: () => integers(start + rows, () => 1),
    };
    // A mask as long as the context costs a millisecond at every token, and hardly a graph needs it once it is cut.
    return new Map(this.#graphInputNames.map((name) => [name, known[name]?.() ?? this.#table(name)]));
  }

  /** A rotary cache, whole. */
  #table(name: string): Tensor {
    const { data, half } = this.#rotary.get(name) ?? unknownInput(name);
    return this.#runtime.tensor('float32', data, [data.length / half, half]);
  }

  #feeds(
    segment: SegmentSession,
    node: AttentionNode | undefined,
    tensors: ReadonlyMap<string, Tensor>,
    attention: Tensor | undefined,
    start: number,
    rows: number,
  ): Record<string, Tensor> {
    const feeds: Record<string, Tensor> = {};
    for (const name of segment.inputs) feeds[name] = tensors.get(name) as Tensor;
    if (attention) feeds[Graft.attention] = attention;
    if (node?.rotary) {
      feeds[Graft.cosine] = this.#rotaryRows(node.rotary.cosineCache, start, rows);
      feeds[Graft.sine] = this.#rotaryRows(node.rotary.sineCache, start, rows);
    }
    return feeds;
  }

  #rotaryRows(name: string, start: number, rows: number): Tensor {
    const cache = this.#rotary.get(name);
    if (!cache) throw new RangeError(`no rotary cache ${name}`);
    return this.#runtime.tensor('float32', cache.data.subarray(start * cache.half, (start + rows) * cache.half), [
      rows,
      cache.half,
    ]);
  }

  /** Block by block of the window's step when committing, so that the window stands where the position says. */
  async #attend(
    layer: number,
    queries: Float32Array,
    start: number,
    rows: number,
    cache: KeyValueCache,
    options: ForwardOptions,
  ): Promise<Tensor> {
    const shape = this.#shapes[layer] as AttentionShape;
    let output: Float32Array | undefined;
    for (let from = start; from < start + rows; ) {
      const step = options.commit ? (Math.floor(from / WINDOW_STEP) + 1) * WINDOW_STEP : start + rows;
      const to = Math.min(start + rows, step);
      const request = {
        shape,
        rows: to - from,
        queries: rowsOf(queries, shape, rows, from - start, to - start),
        firstPosition: from,
        spans: cache.spans(layer, from, to, options.commit ? from : cache.committed),
      };
      const part = options.mass
        ? await this.#attention.attendWithMass(request, options.mass, cache.proximity.sinks)
        : await this.#attention.attend(request);
      if (to - from < rows) {
        output ??= new Float32Array(queries.length);
        placeRows(part, output, shape, rows, from - start, to - start);
      } else output = part;
      from = to;
    }
    return this.#runtime.tensor('float32', output ?? queries, [shape.queryHeads, rows, shape.headSize]);
  }
}

function unknownInput(name: string): never {
  throw new ProximaError(
    'model-unsupported',
    `The graph wants an input that Proxima does not know: ${name}.`,
    'Choose another model.',
  );
}

/** Rows `from`..`to` of [heads, rows, size]. */
function rowsOf(source: Float32Array, shape: AttentionShape, rows: number, from: number, to: number): Float32Array {
  if (from === 0 && to === rows) return source;
  const part = new Float32Array(shape.queryHeads * (to - from) * shape.headSize);
  for (let head = 0; head < shape.queryHeads; head++) {
    const base = head * rows;
    part.set(
      source.subarray((base + from) * shape.headSize, (base + to) * shape.headSize),
      head * (to - from) * shape.headSize,
    );
  }
  return part;
}

function placeRows(
  part: Float32Array,
  target: Float32Array,
  shape: AttentionShape,
  rows: number,
  from: number,
  to: number,
): void {
  const size = (to - from) * shape.headSize;
  for (let head = 0; head < shape.queryHeads; head++) {
    target.set(part.subarray(head * size, (head + 1) * size), (head * rows + from) * shape.headSize);
  }
}

/** The last row of every tensor that has one row a token: logits of the others would only fill memory. */
function lastRows(feeds: Record<string, Tensor>, rows: number, runtime: Runtime): Record<string, Tensor> {
  if (rows === 1) return feeds;
  return Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, lastRow(tensor, rows, runtime)]));
}

function lastRow(tensor: Tensor, rows: number, runtime: Runtime): Tensor {
  const [first = 0, second = 0, size = 0] = tensor.dims;
  if (
    tensor.dims.length !== 3 ||
    second !== rows ||
    !(tensor.data instanceof Float32Array || tensor.data instanceof Uint16Array)
  ) {
    return tensor;
  }
  const picked = tensor.data.slice(0, first * size);
  for (let index = 0; index < first; index++) {
    const end = (index + 1) * rows * size;
    picked.set(tensor.data.subarray(end - size, end) as never, index * size);
  }
  return picked instanceof Float32Array
    ? runtime.tensor('float32', picked, [first, 1, size])
    : runtime.tensor('float16', picked, [first, 1, size]);
}
