/** A loaded model as the engine runs it: segment, attention, segment, attention, …, logits. */
import type { AttentionMass } from '../attention/attention.ts';
import type { KeyValueCache } from '../cache/key-value-cache.ts';
import type { CacheShape } from '../cache/memory.ts';
import { ProximaError } from '../errors.ts';
import type { Runtime, Tensor } from '../runtime/runtime.ts';
import type { CutModel } from './cut.ts';
import type { AttentionLayers, LayerSums, Step, Wanted } from './layers.ts';
import { elementTypeOf } from './onnx.ts';
import { ElementType } from './onnx-writer.ts';
import type { SegmentSession } from './segments.ts';
import { rowsFor, type Table } from './table.ts';

export interface ForwardOptions {
  /** Commit the tokens after they went through, and let the recent window move on within them. */
  readonly commit: boolean;
  /** What is wanted of the last row; with 'nothing' the last layer only stores its keys and values. */
  readonly want: Wanted;
  /** Gather where the rows look. */
  readonly mass?: AttentionMass;
  /** Throws `model-unsupported` where the runtime can't tell them: see `Decoder.tellsSums`. */
  readonly sums?: readonly LayerSums[];
}

export class Decoder {
  readonly cut: CutModel;
  readonly #segments: readonly SegmentSession[];
  readonly #tables: ReadonlyMap<string, Table>;
  readonly #runtime: Runtime;
  readonly #layers: AttentionLayers;
  readonly #graphInputNames: readonly string[];
  /** By the rows as f32. */
  readonly #halves = new Map<Float32Array, Uint16Array>();
  /** For each segment the crossing tensors that it is the last to take. */
  readonly #lastUses: readonly (readonly string[])[];

  constructor(
    cut: CutModel,
    segments: readonly SegmentSession[],
    tables: ReadonlyMap<string, Table>,
    runtime: Runtime,
    layers: AttentionLayers,
  ) {
    this.cut = cut;
    this.#segments = segments;
    this.#tables = tables;
    this.#runtime = runtime;
    this.#layers = layers;
    const crossing = new Set(segments.flatMap((segment) => [...segment.crossing]));
    this.#graphInputNames = [...new Set(segments.flatMap((segment) => [...segment.inputs]))].filter(
      (name) => !crossing.has(name),
    );
    this.#lastUses = segments.map((segment, index) =>
      segment.inputs.filter(
        (name) => crossing.has(name) && !segments.slice(index + 1).some((later) => later.inputs.includes(name)),
      ),
    );
  }

  /** Elements a token of the widest layer's queries. */
  get attentionWidth(): number {
    return Math.max(...this.cut.attention.map(({ queryHeads, headSize }) => queryHeads * headSize));
  }

  /** Whether `ForwardOptions.sums` may be asked for. */
  get tellsSums(): boolean {
    return this.#layers.sums;
  }

  get largestBufferBytes(): number {
    return this.#runtime.largestBufferBytes;
  }

  /**
   * Runs tokens through the model behind what the cache holds; gives the logits of the last one, or of all, when wanted.
   * All tokens of a call are seen by every layer, or, when it rejects, by none: the cache is rewound.
   */
  async forward(
    ids: readonly number[],
    cache: KeyValueCache,
    options: ForwardOptions,
  ): Promise<Float32Array | undefined> {
    const start = cache.length;
    try {
      const step: Step = {
        cache,
        start,
        rows: ids.length,
        commit: options.commit,
        want: options.want,
        mass: options.mass,
        sums: options.sums ?? [],
      };
      const logits = await this.#run(ids, step);
      await this.#layers.end(step);
      if (options.commit) cache.commit();
      return logits;
    } catch (error) {
      cache.rewind(Math.max(start, cache.committed));
      throw await this.#layers.explain(error);
    }
  }

  async close(): Promise<void> {
    await this.#layers.close();
    for (const segment of this.#segments) await segment.session.close();
  }

  async #run(ids: readonly number[], step: Step): Promise<Float32Array | undefined> {
    await this.#layers.begin(step);
    const tensors = this.#graphInputs(ids, step.start, step.cache.shape);
    let attention: Tensor | undefined;
    for (const [index, segment] of this.#segments.entries()) {
      const last = index === this.cut.attention.length;
      const own = Object.fromEntries(segment.inputs.map((name) => [name, tensors.get(name) as Tensor]));
      const feeds = { ...own, ...this.#layers.feeds(index, step, attention) };
      const one = last && step.want !== 'every row';
      const results = await segment.session.run(one ? this.#layers.lastRow(feeds, step.rows) : feeds);
      for (const name of segment.crossing) tensors.set(name, results[name] as Tensor);
      this.#release(index, tensors);
      if (last) return this.#layers.logits(results, step);
      this.#layers.append(index, results, step);
      if (step.want === 'nothing' && index === this.cut.attention.length - 1) return undefined;
      attention = await this.#layers.attend(index, results, step);
    }
    return undefined;
  }

  /** Tensors that no later segment takes. */
  #release(index: number, tensors: Map<string, Tensor>): void {
    for (const name of this.#lastUses[index] ?? []) {
      const tensor = tensors.get(name);
      if (tensor) this.#layers.release(tensor);
      tensors.delete(name);
    }
  }

  #graphInputs(ids: readonly number[], start: number, shape: CacheShape): Map<string, Tensor> {
    const rows = ids.length;
    const integers = (name: string, length: number, value: (index: number) => number) =>
      elementTypeOf(this.cut.model, name) === ElementType.int32
        ? this.#runtime.tensor(
            'int32',
            Int32Array.from({ length }, (_, index) => value(index)),
            [1, length],
          )
        : this.#runtime.tensor(
            'int64',
            BigInt64Array.from({ length }, (_, index) => BigInt(value(index))),
            [1, length],
          );
    const known: Record<string, () => Tensor> = {
      input_ids: () => integers('input_ids', rows, (index) => ids[index] ?? 0),
      position_ids: () => integers('position_ids', rows, (index) => start + index),
      attention_mask: () => integers('attention_mask', start + rows, () => 1),
    };
    // A mask as long as the context costs a millisecond at every token, and hardly a graph needs it once it is cut.
    return new Map(this.#graphInputNames.map((name) => [name, known[name]?.() ?? this.#table(name, shape)]));
  }

  /** A rotary cache that nodes read, whole. */
  #table(name: string, shape: CacheShape): Tensor {
    const table = this.#tables.get(name) ?? unknownInput(name);
    const { width } = table;
    const data = rowsFor(table, shape);
    const dimensions = [data.length / width, width];
    return elementTypeOf(this.cut.model, name) === ElementType.float16
      ? this.#runtime.tensor('float16', this.#asHalves(data), dimensions)
      : this.#runtime.tensor('float32', data, dimensions);
  }

  /** A table's rows as f16 bits, made once. */
  #asHalves(rows: Float32Array): Uint16Array {
    const known = this.#halves.get(rows);
    if (known) return known;
    const bits = new Uint16Array(Float16Array.from(rows).buffer);
    this.#halves.set(rows, bits);
    return bits;
  }

  /** Tokens that the rotary caches have room for, in a text of the length that its cache was made for. */
  positionsFor(shape: Pick<CacheShape, 'expectedTokens'>): number {
    const names = this.cut.attention.flatMap(({ turnedBy }) => turnedBy ?? []);
    const tables = [...new Set(names)].flatMap((name) => this.#tables.get(name) ?? []);
    return Math.min(Infinity, ...tables.map((table) => rowsFor(table, shape).length / table.width));
  }

  /** The cache that goes with this model's attention. */
  createCache(shape: CacheShape): KeyValueCache {
    return this.#layers.createCache(shape);
  }
}

function unknownInput(name: string): never {
  throw new ProximaError('model-unsupported', { feature: 'graph input', input: name });
}
