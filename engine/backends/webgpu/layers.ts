/**
 * Attention on the GPU: segments give the graph's own tensors in GPU buffers, our kernels take them from there into the
 * cache, attend, and leave the next segment's input in a buffer. All parameters of a step are written before its first
 * layer; from then on nothing goes to or comes from ordinary memory until the logits. One submit a layer.
 */

import type { CacheShape } from '../../cache/memory.ts';
import { windowBlocks } from '../../cache/window-blocks.ts';
import { ProximaError } from '../../errors.ts';
import type { AttentionNode } from '../../model/attention-node.ts';
import type { AttentionLayers, Results, Step } from '../../model/layers.ts';
import { rowsFor, type Table } from '../../model/table.ts';
import type { Tensor } from '../../runtime/runtime.ts';
import { closeEvidence, type GpuEvidence, readMass, startEvidence } from './evidence.ts';
import { type KernelShape, Kernels, type Recorder, splitsOf } from './kernels/kernels.ts';
import { BufferNumbers, Uniforms } from './kernels/pipelines.ts';
import type { KernelSources } from './kernels/sources.ts';
import { GpuPodCache } from './pod-cache.ts';
import { GpuReadback } from './readback.ts';
import { GpuScratch } from './scratch.ts';
import { GpuMemory } from './store.ts';
import { closeSums, type GpuSums, readSums, startSums } from './sums.ts';

export interface GpuLayersOptions {
  readonly device: GPUDevice;
  readonly kernels: KernelSources;
  readonly nodes: readonly AttentionNode[];
  readonly tables: ReadonlyMap<string, Table>;
  readonly logitsName: string;
  /** A tensor over a buffer that stays the caller's. */
  readonly tensorOf: (buffer: GPUBuffer, type: 'float32' | 'float16', dimensions: readonly number[]) => Tensor;
}

interface LayerPlan {
  readonly append: readonly Recorder[];
  readonly attend: readonly Recorder[];
}

const HALF_ELEMENTS = 10; // ONNX: float16
const UNIFORM_SLOTS = 16_384;
/** How long a failure waits for the news that the device was lost, in milliseconds. */
const LOST_GRACE = 200;

export class GpuLayers implements AttentionLayers<GpuPodCache> {
  readonly sums = true;
  readonly memory: GpuMemory;
  readonly #options: GpuLayersOptions;
  readonly #uniforms: Uniforms;
  readonly #numbers: BufferNumbers;
  readonly #kernels: readonly Kernels[];
  /** By the rows that they hold. */
  readonly #tables: ReadonlyMap<Float32Array, GPUBuffer>;
  readonly #scratch: GpuScratch;
  readonly #readback: GpuReadback;
  #plans: LayerPlan[] = [];
  #evidence: GpuEvidence | undefined;
  #sums: readonly GpuSums[] = [];
  /** The tensors of the layer that is being run, as plans ask for them. */
  #current: Results = {};
  #encoder: GPUCommandEncoder | undefined;
  #lost: ProximaError | undefined;
  #inFlight: Promise<unknown> = Promise.resolve();

  constructor(options: GpuLayersOptions) {
    this.#options = options;
    const { device, kernels, nodes, tables } = options;
    this.memory = new GpuMemory(device);
    void device.lost.then(({ message }) => {
      this.#lost = new ProximaError('device-lost', { reason: message.split('\n')[0] || 'no reason given' });
    });
    this.#uniforms = new Uniforms(device, UNIFORM_SLOTS);
    this.#numbers = new BufferNumbers(device);
    this.#scratch = new GpuScratch(this.memory);
    this.#readback = new GpuReadback(this.memory, kernels.top, this.#uniforms, this.#numbers);
    const known = new Map<string, Kernels>();
    this.#kernels = nodes.map((node) => {
      const shape = kernelShape(node, tables);
      const key = JSON.stringify(shape);
      const found = known.get(key) ?? new Kernels(device, kernels, shape, this.#uniforms, this.#numbers);
      known.set(key, found);
      return found;
    });
    this.#tables = new Map(
      [...tables.values()]
        .flatMap(({ data, brief }) => [data, ...(brief ? [brief.data] : [])])
        .map((rows) => [rows, this.#upload(rows)]),
    );
  }

  createCache(shape: CacheShape): GpuPodCache {
    const cache = new GpuPodCache(shape, this.memory);
    for (const [layer, kernels] of this.#kernels.entries())
      for (const formats of cache.formats(layer)) kernels.prepare(formats);
    return cache;
  }

  /** Waits for the step before, so that progress is what was done and a cancel finds little under way. */
  async begin(step: Step<GpuPodCache>): Promise<void> {
    await this.#inFlight;
    if (this.#lost) throw this.#lost;
    // A step that failed has left its own.
    if (this.#evidence) closeEvidence(this.memory, this.#evidence);
    this.#evidence = step.mass ? startEvidence(this.memory, this.#options.nodes, step.rows, step.mass) : undefined;
    for (const each of this.#sums) closeSums(this.memory, each);
    this.#sums = step.sums.map((each) => startSums(this.memory, this.#node(each.layer), step.rows, each));
    this.#scratch.reserve(this.#options.nodes, step.rows);
    this.#plans = this.#options.nodes.map((_, layer) => this.#plan(layer, step));
    await this.memory.settled();
    this.#uniforms.flush();
  }

  /** After the device is gone everything fails in its own words; they all mean the one thing. */
  async explain(cause: unknown): Promise<unknown> {
    this.#encoder = undefined;
    // A failed readback may come before the news that the device has gone.
    await Promise.race([this.#options.device.lost, new Promise((resolve) => setTimeout(resolve, LOST_GRACE))]);
    return this.#lost ?? cause;
  }

  feeds(index: number, _step: Step<GpuPodCache>, attention: Tensor | undefined): Record<string, Tensor> {
    const before = this.#options.nodes[index - 1];
    return before && attention ? { [before.output]: attention } : {};
  }

  append(layer: number, results: Results): void {
    this.#current = results;
    this.#record(this.#plans[layer]?.append ?? []);
    if (this.#plans[layer]?.attend.length === 0) this.#submit(layer);
  }

  async attend(layer: number, _results: Results, { rows }: Step<GpuPodCache>): Promise<Tensor> {
    this.#record(this.#plans[layer]?.attend ?? []);
    this.#submit(layer);
    const node = this.#node(layer);
    const type = node.elementType === HALF_ELEMENTS ? 'float16' : 'float32';
    return this.#options.tensorOf(this.#scratch.output, type, [1, rows, node.queryHeads * node.headSize]);
  }

  lastRow(feeds: Record<string, Tensor>, rows: number): Record<string, Tensor> {
    if (rows === 1) return feeds;
    const encoder = this.#options.device.createCommandEncoder();
    const picked = Object.entries(feeds).map(([name, tensor]): [string, Tensor] => {
      const [first = 0, second = 0, size = 0] = tensor.dims;
      if (tensor.location !== 'gpu-buffer' || tensor.dims.length !== 3 || first !== 1 || second !== rows)
        return [name, tensor];
      const type = tensor.type === 'float16' ? 'float16' : 'float32';
      const bytes = size * (type === 'float16' ? 2 : 4);
      const target = this.#scratch.rowOf(name, bytes);
      encoder.copyBufferToBuffer(tensor.gpuBuffer as GPUBuffer, (rows - 1) * bytes, target, 0, bytes);
      return [name, this.#options.tensorOf(target, type, [1, 1, size])];
    });
    this.#options.device.queue.submit([encoder.finish()]);
    return Object.fromEntries(picked);
  }

  async logits(results: Results, step: Step<GpuPodCache>): Promise<Float32Array> {
    const tensor = results[this.#options.logitsName];
    if (!tensor) throw new TypeError('the last segment gave no logits');
    const logits = step.want === 'candidates' ? await this.#candidates(tensor) : await allOf(tensor);
    return logits;
  }

  async end({ mass }: Step<GpuPodCache>): Promise<void> {
    if (this.#evidence && mass) await readMass(this.memory, this.#evidence, mass);
    this.#evidence = undefined;
    for (const each of this.#sums) await readSums(this.memory, each);
    this.#sums = [];
  }

  /** The highest logits, found on the device; everything else is −∞. */
  async #candidates(tensor: Tensor): Promise<Float32Array> {
    const count = tensor.dims.at(-1) ?? 0;
    const found = await this.#readback.highest(tensor.gpuBuffer as GPUBuffer, count, tensor.type === 'float16');
    tensor.dispose();
    const logits = new Float32Array(count).fill(-Infinity);
    for (const { number, score } of found) logits[number] = score;
    return logits;
  }

  release(tensor: Tensor): void {
    if (tensor.location === 'gpu-buffer') tensor.dispose();
  }

  async close(): Promise<void> {
    this.#scratch.close();
    this.#readback.close();
    for (const table of this.#tables.values()) this.memory.destroy(table, table.size);
    this.#uniforms.close();
    this.#numbers.forget();
  }

  /** Makes room for the rows in a layer's cache and writes down what will be dispatched for it. */
  #plan(layer: number, step: Step<GpuPodCache>): LayerPlan {
    const node = this.#node(layer);
    const kernels = this.#kernels[layer] as Kernels;
    const { cache } = step;
    const { appends, roundings } = cache.extend(layer, step.rows, step.commit);
    const appending = appends.map(({ part, page, ...target }) => {
      const kernel = part === 'keys' ? 'appendKeys' : 'appendValues';
      const source = { ...this.#source(node, part, step.start), rows: step.rows };
      const tables = this.#vectorTables(node, part, cache.shape);
      return kernels.append(kernel, source, tables, { page, ...target }, target);
    });
    const append = [...appending, ...roundings.map(({ from, into, ...rest }) => kernels.round(from, into, rest))];
    const last = layer === this.#options.nodes.length - 1;
    if (last && step.want === 'nothing') return { append, attend: [] };
    return { append, attend: this.#planAttention(layer, step, cache) };
  }

  #planAttention(layer: number, { start, rows, commit, mass }: Step<GpuPodCache>, cache: GpuPodCache): Recorder[] {
    const sums = this.#sums.filter(({ wanted }) => wanted.layer === layer);
    const node = this.#node(layer);
    const kernels = this.#kernels[layer] as Kernels;
    const scratch = this.#scratch;
    const recorders: Recorder[] = [];
    for (const { from, to, windowAt } of windowBlocks(start, rows, commit, cache.committed)) {
      const spans = cache.spans(layer, from, to, windowAt);
      const source = this.#source(node, 'queries', from);
      const offset = source.offset + (from - start) * source.stride;
      const laidOut = { ...source, offset, rows: to - from };
      recorders.push(kernels.queries(laidOut, this.#vectorTables(node, 'queries', cache.shape), scratch.queries));
      const shape = { rows: to - from, firstPosition: from, firstRow: from - start };
      if (rows === 1 && !mass && sums.length === 0) {
        scratch.reserveSplits(spans.reduce((sum, span) => sum + splitsOf(span.end - span.start), 0));
        // Later layers may need more splits: the buffers are asked for when they have grown.
        const late = { queries: scratch.queries, partials: () => scratch.partials, states: () => scratch.states };
        recorders.push(...kernels.decode(late, () => scratch.output, spans));
      } else recorders.push(...kernels.prefill(scratch, () => scratch.output, shape, spans));
      for (const each of sums) recorders.push(...kernels.shares(scratch, each, shape, spans));
      if (!this.#evidence) continue;
      const telling = cache.telling(layer, spans);
      recorders.push(...kernels.evidence(scratch, this.#evidence.of(layer, cache), shape, telling));
    }
    return recorders;
  }

  /** Where a layer's queries, keys or values lie in the graph's tensors: packed in one, or apart. */
  #source(node: AttentionNode, part: 'queries' | 'keys' | 'values', firstPosition: number) {
    const { queryHeads, keyValueHeads, headSize } = node;
    const bufferOf = (name: string) => () => this.#current[name]?.gpuBuffer as GPUBuffer;
    if (node.key && node.value) {
      const name = { queries: node.query, keys: node.key, values: node.value }[part];
      const stride = (part === 'queries' ? queryHeads : keyValueHeads) * headSize;
      return { buffer: bufferOf(name), stride, offset: 0, firstPosition };
    }
    const heads = { queries: 0, keys: queryHeads, values: queryHeads + keyValueHeads }[part];
    const stride = (queryHeads + 2 * keyValueHeads) * headSize;
    return { buffer: bufferOf(node.query), stride, offset: heads * headSize, firstPosition };
  }

  #vectorTables(node: AttentionNode, part: 'queries' | 'keys' | 'values', shape: CacheShape) {
    const nothing = this.#scratch.nothing;
    const table = (name: string | undefined) => {
      const known = this.#options.tables.get(name ?? '');
      return (known && this.#tables.get(rowsFor(known, shape))) ?? nothing;
    };
    const weight = part === 'queries' ? node.norm?.queryWeight : node.norm?.keyWeight;
    return {
      weights: table(weight),
      cosines: table(node.rotary?.cosineCache),
      sines: table(node.rotary?.sineCache),
    };
  }

  #record(recorders: readonly Recorder[]): void {
    this.#encoder ??= this.#options.device.createCommandEncoder();
    const pass = this.#encoder.beginComputePass();
    for (const recorder of recorders) recorder(pass);
    pass.end();
  }

  #submit(layer: number): void {
    const { queue } = this.#options.device;
    if (this.#encoder) queue.submit([this.#encoder.finish()]);
    this.#encoder = undefined;
    if (layer === this.#options.nodes.length - 1) this.#inFlight = queue.onSubmittedWorkDone().catch(() => {});
    const { query, key, value } = this.#node(layer);
    for (const name of [query, key, value]) {
      const tensor = name === undefined ? undefined : this.#current[name];
      if (tensor) this.release(tensor);
    }
  }

  #upload(data: Float32Array): GPUBuffer {
    const buffer = this.memory.create(Math.max(16, data.byteLength), 'table');
    this.#options.device.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);
    return buffer;
  }

  #node(layer: number): AttentionNode {
    const node = this.#options.nodes[layer];
    if (!node) throw new RangeError(`no layer ${layer}`);
    return node;
  }
}

function kernelShape(node: AttentionNode, tables: ReadonlyMap<string, Table>): KernelShape {
  const { queryHeads, keyValueHeads, headSize, scale, softcap, window, rotary, norm, elementType } = node;
  return {
    queryHeads,
    keyValueHeads,
    headSize,
    scale,
    softcap,
    window,
    rotary: rotary && { half: tables.get(rotary.cosineCache)?.width ?? 0, interleaved: rotary.interleaved },
    norm: norm && { epsilon: norm.epsilon },
    halfTensors: elementType === HALF_ELEMENTS,
  };
}

async function allOf(tensor: Tensor): Promise<Float32Array> {
  const data = await tensor.getData(true);
  return data instanceof Float32Array ? data : Float32Array.from(halves(data as Uint16Array));
}

function halves(bits: Uint16Array): Float16Array {
  return new Float16Array(bits.buffer, bits.byteOffset, bits.length);
}
