/**
 * The kernels on the GPU's cache against the f64 reference on the CPU's cache, over random shapes, plans, lengths and page
 * borders: new rows come as the graph's own packed tensor, normalised and rotated on the way where the case says so.
 */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { asNumbers, toBits } from '../../../../engine/attention/half.ts';
import { referenceAttention, referenceMass } from '../../../../engine/attention/reference.ts';
import { PodCache } from '../../../../engine/backends/cpu/pod-cache.ts';
import {
  type KernelShape,
  Kernels,
  type Recorder,
  splitsOf,
} from '../../../../engine/backends/webgpu/kernels/kernels.ts';
import { BufferNumbers, Uniforms } from '../../../../engine/backends/webgpu/kernels/pipelines.ts';
import { variantOf } from '../../../../engine/backends/webgpu/kernels/variant.ts';
import { GpuPodCache } from '../../../../engine/backends/webgpu/pod-cache.ts';
import { GpuMemory } from '../../../../engine/backends/webgpu/store.ts';
import { type CacheShape, pageTokensFor } from '../../../../engine/cache/memory.ts';
import { readKernelFiles } from '../../../../engine/runtime/kernel-files.ts';
import { relativeError } from '../../../integration/decoder.ts';
import { arbitraryPlan, arbitraryWindow, normals } from '../../cache/random.ts';
import { testDevice } from './adapter.ts';

const device = await testDevice();
const modest = await testDevice('guaranteed');
afterAll(() => {
  device?.destroy();
  modest?.destroy();
});

const MOST_ERROR = 2e-3;
/**
 * Elements that lie between two levels of a grid but for their last bit may fall on the other one than on the processor: a whole step
 * in one element.
 */
const MOST_ROUNDED_ERROR = 1.5e-2;
const mostError = ({ cache }: Case) => (/"int[48]"/.test(JSON.stringify(cache.plan)) ? MOST_ROUNDED_ERROR : MOST_ERROR);
/** Cases of each kind. What takes time is compiling the kernels, for every shape anew: PROXIMA_KERNEL_CASES=16 is the long run. */
const CASES = Number(process.env.PROXIMA_KERNEL_CASES ?? 4);
/** Elements of the queries that look by one KV head: more take a software adapter seconds to compile, and are no other code. */
const MOST_QUERY_ELEMENTS = 512;
const EPSILON = 1e-5;
/** Tokens at the start that count for no evidence. */
const MASS_SINKS = 4;
const sources = readKernelFiles();

interface Case {
  readonly cache: CacheShape;
  readonly ratio: number;
  readonly softcap: number;
  readonly rotary: { readonly half: number; readonly interleaved: boolean } | undefined;
  readonly norm: boolean;
  readonly halfTensors: boolean;
  /** On a device with the limits that WebGPU guarantees, no more, and no features. */
  readonly modest: boolean;
  readonly subgroups: boolean;
  /** Tokens that are committed, then rows that are not. */
  readonly past: number;
  readonly rows: number;
  readonly seed: number;
}

const arbitraryCase = (rows: fc.Arbitrary<number>, longest: number): fc.Arbitrary<Case> =>
  fc
    .record({
      layers: fc.constantFrom(1, 2),
      heads: fc.integer({ min: 1, max: 3 }),
      headSize: fc.constantFrom(8, 32, 64, 80, 128, 256),
      window: arbitraryWindow,
    })
    .map(({ window, ...rest }) => ({ ...rest, windows: rest.layers === 1 ? [window] : [0, window] }))
    .chain(({ layers, heads, headSize, windows }) =>
      fc.record({
        cache: fc
          .record({
            plan: arbitraryPlan(layers, heads, windows),
            sinks: fc.integer({ min: 0, max: 40 }),
            recent: fc.integer({ min: 0, max: 600 }),
          })
          .map(({ plan, sinks, recent }) => ({ layers, heads, headSize, windows, plan, proximity: { sinks, recent } })),
        ratio: fc.integer({ min: 1, max: Math.floor(Math.min(9, MOST_QUERY_ELEMENTS / headSize)) }),
        softcap: fc.constantFrom(0, 0, 20),
        rotary: fc.option(fc.record({ half: fc.constantFrom(headSize / 2, headSize / 4), interleaved: fc.boolean() }), {
          nil: undefined,
        }),
        norm: fc.boolean(),
        halfTensors: fc.boolean(),
        modest: fc.boolean(),
        subgroups: fc.boolean(),
        // Over the border of a page, and not much farther.
        past: fc.integer({ min: 0, max: Math.min(longest, Math.ceil(1.25 * pageTokensFor(headSize))) }),
        rows,
        seed: fc.nat(1000),
      }),
    );

/** Of the last layer, which is the one that is asked. */
const windowOf = ({ cache }: Case) => cache.windows.at(-1) ?? 0;

/** One layer's packed q·k·v rows and what comes of them: queries and keys head by head, normalised and rotated. */
class Layer {
  readonly packed: Float32Array<ArrayBuffer>;
  readonly weights: Float32Array<ArrayBuffer>;
  readonly #each: Case;
  readonly #width: number;

  constructor(each: Case, seed: number) {
    const { cache, ratio, past, rows, halfTensors } = each;
    this.#each = each;
    this.#width = cache.heads * (ratio + 2) * cache.headSize;
    const drawn = normals(seed, this.#width * (past + rows));
    this.packed = halfTensors ? Float32Array.from(asNumbers(toBits(drawn))) : drawn;
    this.weights = normals(seed + 1, cache.headSize).map((weight) => 1 + weight / 4);
  }

  get width(): number {
    return this.#width;
  }

  /** [heads, rows, size] of a part, rows `from`..`to`. */
  part(name: 'query' | 'key' | 'value', from: number, to: number): Float32Array {
    const { heads, headSize } = this.#each.cache;
    const [first, count] = {
      query: [0, heads * this.#each.ratio],
      key: [heads * this.#each.ratio, heads],
      value: [heads * (this.#each.ratio + 1), heads],
    }[name] as [number, number];
    const result = new Float32Array(count * (to - from) * headSize);
    for (let head = 0; head < count; head++)
      for (let row = from; row < to; row++) {
        const start = row * this.#width + (first + head) * headSize;
        const vector = this.packed.slice(start, start + headSize);
        const done = name === 'value' ? vector : this.#rotated(this.#normed(vector), row);
        result.set(done, (head * (to - from) + row - from) * headSize);
      }
    return result;
  }

  #normed(vector: Float32Array): Float32Array {
    if (!this.#each.norm) return vector;
    const mean = vector.reduce((sum, each) => sum + each * each, 0) / vector.length;
    return vector.map((each, index) => (each / Math.sqrt(mean + EPSILON)) * (this.weights[index] ?? 0));
  }

  #rotated(vector: Float32Array, position: number): Float32Array {
    const { rotary } = this.#each;
    if (!rotary) return vector;
    const turned = Float32Array.from(vector);
    for (let pair = 0; pair < rotary.half; pair++) {
      const [a, b] = rotary.interleaved ? [2 * pair, 2 * pair + 1] : [pair, pair + rotary.half];
      const [cosine, sine] = [Math.cos(angle(position, pair)), Math.sin(angle(position, pair))];
      turned[a] = (vector[a] ?? 0) * cosine - (vector[b] ?? 0) * sine;
      turned[b] = (vector[b] ?? 0) * cosine + (vector[a] ?? 0) * sine;
    }
    return turned;
  }
}

function angle(position: number, pair: number): number {
  return position * 0.7 ** (pair + 1);
}

class Bench {
  readonly each: Case;
  readonly memory: GpuMemory;
  readonly uniforms: Uniforms;
  readonly numbers: BufferNumbers;
  readonly kernels: Kernels;
  readonly gpu: GpuPodCache;
  readonly cpu: PodCache;
  readonly layers: readonly Layer[];
  readonly #device: GPUDevice;
  readonly #buffers: GPUBuffer[] = [];

  constructor(device_: GPUDevice, each: Case) {
    const { cache, ratio, softcap, rotary, norm, halfTensors, seed } = each;
    this.#device = device_;
    this.each = each;
    this.memory = new GpuMemory(device_);
    this.uniforms = new Uniforms(device_, 4096);
    this.numbers = new BufferNumbers(device_);
    const shape: KernelShape = {
      queryHeads: cache.heads * ratio,
      keyValueHeads: cache.heads,
      headSize: cache.headSize,
      scale: cache.headSize ** -0.5 * 2,
      softcap,
      window: windowOf(each),
      rotary,
      norm: norm ? { epsilon: EPSILON } : undefined,
      halfTensors,
    };
    const able = variantOf(device_);
    const variant = { ...able, subgroups: able.subgroups && each.subgroups };
    this.kernels = new Kernels(device_, sources, shape, this.uniforms, this.numbers, variant);
    this.gpu = new GpuPodCache(cache, this.memory);
    this.cpu = new PodCache(cache);
    this.layers = Array.from({ length: cache.layers }, (_, layer) => new Layer(each, seed + layer * 7));
  }

  buffer(data: Float32Array<ArrayBuffer> | number, half = false): GPUBuffer {
    const contents = typeof data === 'number' ? undefined : half ? toBits(data).slice() : data;
    const bytes = contents?.byteLength ?? (data as number) * 4;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = this.#device.createBuffer({ size: Math.max(16, Math.ceil(bytes / 4) * 4), usage });
    if (contents) {
      const padded = new Uint8Array(buffer.size);
      padded.set(new Uint8Array(contents.buffer, contents.byteOffset, contents.byteLength));
      this.#device.queue.writeBuffer(buffer, 0, padded);
    }
    this.#buffers.push(buffer);
    return buffer;
  }

  /** Adds rows `from`..`to` of every layer to both caches. */
  add(from: number, to: number, commit: boolean): void {
    const { cache, ratio, halfTensors, past, rows, rotary } = this.each;
    for (const [index, layer] of this.layers.entries()) {
      this.cpu.append(index, toBits(layer.part('key', from, to)), toBits(layer.part('value', from, to)), commit);
      const packed = this.buffer(layer.packed.slice(from * layer.width, to * layer.width), halfTensors);
      const table = (of: (angle: number) => number) =>
        this.buffer(
          Float32Array.from({ length: (past + rows) * (rotary?.half ?? 1) }, (_, at) =>
            of(angle(Math.floor(at / (rotary?.half ?? 1)), at % (rotary?.half ?? 1))),
          ),
        );
      const tables = { weights: this.buffer(layer.weights), cosines: table(Math.cos), sines: table(Math.sin) };
      const source = { buffer: packed, stride: layer.width, rows: to - from, firstPosition: from };
      const heads = { keys: cache.heads * ratio, values: cache.heads * (ratio + 1) };
      const { appends, roundings } = this.gpu.extend(index, to - from, commit);
      const appending = appends.map(({ part, page, ...target }) => {
        const kernel = part === 'keys' ? 'appendKeys' : 'appendValues';
        const offset = heads[part] * cache.headSize;
        return this.kernels.append(kernel, { ...source, offset }, tables, { page, ...target }, target);
      });
      this.record([...appending, ...roundings.map((each) => this.kernels.round(each.from, each.into, each))]);
    }
  }

  record(recorders: readonly Recorder[]): void {
    const encoder = this.#device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const recorder of recorders) recorder(pass);
    pass.end();
    this.uniforms.flush();
    this.#device.queue.submit([encoder.finish()]);
  }

  async read(buffer: GPUBuffer, elements: number, half = this.each.halfTensors): Promise<Float32Array> {
    const bytes = elements * (half ? 2 : 4);
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const staging = this.#device.createBuffer({ size: Math.ceil(bytes / 4) * 4, usage });
    const encoder = this.#device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, staging.size);
    this.#device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const contents = staging.getMappedRange().slice(0, bytes);
    staging.destroy();
    return half ? Float32Array.from(new Float16Array(contents)) : new Float32Array(contents);
  }

  close(): void {
    this.gpu.clear();
    for (const buffer of this.#buffers) buffer.destroy();
    this.uniforms.close();
    this.numbers.forget();
  }
}

/** Reads the past in two committed chunks, then asks with the rows, which stay uncommitted. */
async function errorOf(each: Case, kind: 'prefill' | 'decode' | 'evidence'): Promise<number> {
  const { cache, ratio, softcap, past, rows } = each;
  const bench = new Bench((each.modest ? modest : device) as GPUDevice, each);
  const queryHeads = cache.heads * ratio;
  const last = cache.layers - 1;
  const middle = Math.floor(past / 3);
  for (const [from, to] of [
    [0, middle],
    [middle, past],
  ] as const) {
    if (to === from) continue;
    bench.add(from, to, true);
    bench.cpu.commit();
    bench.gpu.commit();
  }
  bench.add(past, past + rows, false);
  const layer = bench.layers[last] as Layer;
  const width = queryHeads * cache.headSize;
  const packed = bench.buffer(layer.packed.slice(past * layer.width), each.halfTensors);
  const half = each.rotary?.half ?? 1;
  const table = (of: (angle: number) => number) =>
    bench.buffer(
      Float32Array.from({ length: (past + rows) * half }, (_, at) => of(angle(Math.floor(at / half), at % half))),
    );
  const tables = { weights: bench.buffer(layer.weights), cosines: table(Math.cos), sines: table(Math.sin) };
  const queries = bench.buffer(rows * width);
  const output = bench.buffer(rows * width);
  const spans = bench.gpu.spans(last, past, past + rows, past);
  const source = { buffer: packed, stride: layer.width, offset: 0, rows, firstPosition: past };
  const laidOut = bench.kernels.queries(source, tables, queries);
  let mass = bench.buffer(1);
  if (kind !== 'decode') {
    const [peaks, sums] = [bench.buffer(queryHeads * rows), bench.buffer(queryHeads * rows)];
    const scratch = { queries, gathered: bench.buffer(rows * width), peaks, sums };
    bench.record([
      laidOut,
      ...bench.kernels.prefill(scratch, output, { rows, firstPosition: past, firstRow: 0 }, spans),
    ]);
    if (kind === 'evidence') {
      mass = bench.buffer(past + rows);
      const found = { tops: bench.buffer(queryHeads * rows), mass, length: past + rows, sinks: MASS_SINKS };
      bench.record(bench.kernels.evidence(scratch, found, { rows, firstPosition: past }, spans));
    }
  } else {
    const splits = spans.reduce((sum, { start, end }) => sum + splitsOf(end - start), 0);
    const scratch = { queries, partials: bench.buffer(splits * width), states: bench.buffer(splits * queryHeads * 2) };
    bench.record([laidOut, ...bench.kernels.decode(scratch, output, spans)]);
  }
  const actual = await bench.read(output, rows * width);
  const request = {
    shape: {
      queryHeads,
      keyValueHeads: cache.heads,
      headSize: cache.headSize,
      scale: cache.headSize ** -0.5 * 2,
      softcap,
      window: windowOf(each),
    },
    queries: layer.part('query', past, past + rows),
    rows,
    firstPosition: past,
    spans: bench.cpu.spans(last, past, past + rows, past),
  };
  const actualMass = kind === 'evidence' ? await bench.read(mass, past + rows, false) : undefined;
  const expectedMass = actualMass && referenceMass(request, MASS_SINKS, past + rows);
  expect(bench.gpu.parts()).toEqual(bench.cpu.parts());
  bench.close();
  expect([bench.memory.liveBuffers, bench.memory.liveBytes]).toEqual([0, 0]);
  const error = relativeError(actual, byRows(referenceAttention(request), queryHeads, rows, cache.headSize));
  return actualMass && expectedMass ? Math.max(error, relativeError(actualMass, expectedMass)) : error;
}

/** [heads, rows, size] as [rows, heads, size]. */
function byRows(values: Float64Array, heads: number, rows: number, size: number): Float64Array {
  return values.map((_, at) => {
    const [row, head, element] = [Math.floor(at / size / heads), Math.floor(at / size) % heads, at % size];
    return values[(head * rows + row) * size + element] ?? 0;
  });
}

describe.skipIf(!device)('attention on the GPU', () => {
  it('prefill equals the reference', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryCase(fc.integer({ min: 1, max: 40 }), 1200), async (each) => {
        expect(await errorOf(each, 'prefill')).toBeLessThan(mostError(each));
      }),
      { numRuns: CASES, endOnFailure: true },
    );
  });

  it('evidence equals the reference', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryCase(fc.integer({ min: 1, max: 12 }), 900), async (each) => {
        fc.pre(each.past + each.rows > MASS_SINKS);
        expect(await errorOf(each, 'evidence')).toBeLessThan(mostError(each));
      }),
      { numRuns: CASES, endOnFailure: true },
    );
  });

  it('decode equals the reference', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryCase(fc.constant(1), 5000), async (each) => {
        expect(await errorOf(each, 'decode')).toBeLessThan(mostError(each));
      }),
      { numRuns: CASES, endOnFailure: true },
    );
  });
});
