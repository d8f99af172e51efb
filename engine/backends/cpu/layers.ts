/** Attention in ordinary memory: segments carry grafts that give heads apart (`graft.ts`), spans go to an `Attention`. */

import type { Attention, AttentionRequest, AttentionShape } from '../../attention/attention.ts';
import type { KeyValueCache } from '../../cache/key-value-cache.ts';
import type { CacheShape } from '../../cache/memory.ts';
import { windowBlocks } from '../../cache/window-blocks.ts';
import type { AttentionNode } from '../../model/attention-node.ts';
import { Graft } from '../../model/graft.ts';
import type { AttentionLayers, LayerSums, Results, Step } from '../../model/layers.ts';
import { rowsFor, type Table } from '../../model/table.ts';
import type { Runtime, Tensor } from '../../runtime/runtime.ts';
import { PodCache } from './pod-cache.ts';

export class CpuLayers implements AttentionLayers<PodCache> {
  readonly sums = true;
  readonly #nodes: readonly AttentionNode[];
  readonly #tables: ReadonlyMap<string, Table>;
  readonly #runtime: Pick<Runtime, 'tensor'>;
  readonly #attention: Attention;

  constructor(
    nodes: readonly AttentionNode[],
    tables: ReadonlyMap<string, Table>,
    runtime: Pick<Runtime, 'tensor'>,
    attention: Attention,
  ) {
    this.#nodes = nodes;
    this.#tables = tables;
    this.#runtime = runtime;
    this.#attention = attention;
  }

  createCache(shape: CacheShape): PodCache {
    return new PodCache(shape);
  }

  /** Nothing has to be planned ahead. */
  async begin(): Promise<void> {}

  /** Everything is in its place already. */
  async end(): Promise<void> {}

  async explain(cause: unknown): Promise<unknown> {
    return cause;
  }

  /** Garbage collection does it. */
  release(): void {}

  feeds(index: number, { cache, start, rows }: Step<PodCache>, attention: Tensor | undefined): Record<string, Tensor> {
    const rotary = this.#nodes[index]?.rotary;
    return {
      ...(attention ? { [Graft.attention]: attention } : {}),
      ...(rotary
        ? {
            [Graft.cosine]: this.#rotaryRows(rotary.cosineCache, cache, start, rows),
            [Graft.sine]: this.#rotaryRows(rotary.sineCache, cache, start, rows),
          }
        : {}),
    };
  }

  append(layer: number, results: Results, { cache, commit }: Step<PodCache>): void {
    const [keys, values] = [results[Graft.key]?.data, results[Graft.value]?.data];
    cache.append(layer, keys as Uint16Array, values as Uint16Array, commit);
  }

  async attend(layer: number, results: Results, step: Step<PodCache>): Promise<Tensor> {
    const { cache, start, rows, commit, mass } = step;
    const sums = step.sums.filter((each) => each.layer === layer);
    const shape = this.#nodes[layer] as AttentionShape;
    const queries = results[Graft.query]?.data as Float32Array;
    let output: Float32Array | undefined;
    for (const { from, to, windowAt } of windowBlocks(start, rows, commit, cache.committed)) {
      const request = {
        shape,
        rows: to - from,
        queries: rowsOf(queries, shape, rows, from - start, to - start),
        firstPosition: from,
        spans: cache.spans(layer, from, to, windowAt),
      };
      for (const each of sums) await this.#addSums(request, each, from - start);
      const part = mass
        ? await this.#attention.attendWithMass(request, { ...mass, heads: cache.telling(layer) }, cache.proximity.sinks)
        : await this.#attention.attend(request);
      if (to - from < rows) {
        output ??= new Float32Array(queries.length);
        placeRows(part, output, shape, rows, from - start, to - start);
      } else output = part;
    }
    return this.#runtime.tensor('float32', output ?? queries, [shape.queryHeads, rows, shape.headSize]);
  }

  /** `first`: the first row of the request among the step's. */
  async #addSums(request: AttentionRequest, sums: LayerSums, first: number): Promise<void> {
    const rows = sums.rows.map((row) => row - first).filter((row) => row >= 0 && row < request.rows);
    if (rows.length > 0) await this.#attention.addSums(request, { ...sums, rows });
  }

  lastRow(feeds: Record<string, Tensor>, rows: number): Record<string, Tensor> {
    if (rows === 1) return feeds;
    return Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, this.#lastRowOf(tensor, rows)]));
  }

  async logits(results: Results): Promise<Float32Array> {
    return results[Graft.logits]?.data as Float32Array;
  }

  close(): Promise<void> {
    return this.#attention.close();
  }

  #rotaryRows(name: string, { shape }: KeyValueCache, start: number, rows: number): Tensor {
    const table = this.#tables.get(name);
    if (!table) throw new RangeError(`no rotary cache ${name}`);
    const data = rowsFor(table, shape).subarray(start * table.width, (start + rows) * table.width);
    return this.#runtime.tensor('float32', data, [rows, table.width]);
  }

  #lastRowOf(tensor: Tensor, rows: number): Tensor {
    const [first = 0, second = 0, size = 0] = tensor.dims;
    const { data } = tensor;
    if (tensor.dims.length !== 3 || second !== rows) return tensor;
    if (!(data instanceof Float32Array || data instanceof Uint16Array)) return tensor;
    const picked = data.slice(0, first * size);
    for (let index = 0; index < first; index++) {
      const end = (index + 1) * rows * size;
      picked.set(data.subarray(end - size, end) as never, index * size);
    }
    return picked instanceof Float32Array
      ? this.#runtime.tensor('float32', picked, [first, 1, size])
      : this.#runtime.tensor('float16', picked, [first, 1, size]);
  }
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
