/** Every kernel against the f64 reference, over random shapes, plans and page borders. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { toBits } from '../../../engine/attention/half.ts';
import { type GpuSpan, Kernels, placesOf, splitsOf, Uniforms } from '../../../engine/attention/kernels/kernels.ts';
import { referenceAttention } from '../../../engine/attention/reference.ts';
import type { Span } from '../../../engine/cache/spans.ts';
import { readKernelFiles } from '../../../engine/runtime/kernel-files.ts';
import { relativeError } from '../../integration/decoder.ts';
import { normals } from '../cache/random.ts';
import { testDevice } from './webgpu-adapter.ts';

const device = await testDevice();
afterAll(() => device?.destroy());

const PAGE = 512;
const MOST_ERROR = 2e-3;
const sources = readKernelFiles();

interface Case {
  readonly heads: number;
  readonly ratio: number;
  readonly headSize: number;
  readonly softcap: number;
  readonly past: number;
  readonly rows: number;
  readonly sinks: number;
  readonly recent: number;
  /** KV heads from this one on follow; the others lead. */
  readonly followFrom: number;
  readonly seed: number;
}

const arbitraryCase = (rows: fc.Arbitrary<number>, longest: number): fc.Arbitrary<Case> =>
  fc.record({
    heads: fc.integer({ min: 1, max: 3 }),
    ratio: fc.integer({ min: 1, max: 9 }),
    headSize: fc.constantFrom(8, 32, 64, 80, 96, 128, 256),
    softcap: fc.constantFrom(0, 0, 20),
    past: fc.integer({ min: 0, max: longest }),
    rows,
    sinks: fc.integer({ min: 1, max: 40 }),
    recent: fc.integer({ min: 0, max: 700 }),
    followFrom: fc.integer({ min: 0, max: 3 }),
    seed: fc.nat(1000),
  });

/** Cuts a run of tokens at page borders. */
function cut(from: number, to: number): [number, number][] {
  const runs: [number, number][] = [];
  for (let start = from; start < to; ) {
    const end = Math.min(to, (Math.floor(start / PAGE) + 1) * PAGE);
    runs.push([start, end]);
    start = end;
  }
  return runs;
}

class Bench {
  readonly device: GPUDevice;
  readonly uniforms: Uniforms;
  readonly kernels: Kernels;
  readonly #buffers: GPUBuffer[] = [];
  readonly each: Case;
  readonly length: number;

  constructor(device_: GPUDevice, each: Case) {
    this.device = device_;
    this.each = each;
    this.length = each.past + each.rows;
    this.uniforms = new Uniforms(device_, 4096);
    const { headSize, ratio, softcap } = each;
    const sizes = { headSize, pageTokens: PAGE, ratio, scale: headSize ** -0.5 * 3, softcap };
    this.kernels = new Kernels(device_, sources, sizes, this.uniforms);
  }

  buffer(bytes: number, data?: ArrayBufferView<ArrayBuffer>): GPUBuffer {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = this.device.createBuffer({ size: Math.max(16, Math.ceil(bytes / 4) * 4), usage });
    if (data) this.device.queue.writeBuffer(buffer, 0, data);
    this.#buffers.push(buffer);
    return buffer;
  }

  places(heads: readonly number[]): GPUBuffer {
    const words = placesOf(heads.map((head) => ({ head, inKeyPage: head, inValuePage: head })));
    return this.buffer(words.byteLength, words);
  }

  /** Pages of [heads, PAGE, head size] f16, filled by the append kernel in two goes, the second crossing no border. */
  pages(source: Float32Array<ArrayBuffer>): GPUBuffer[] {
    const { heads, headSize } = this.each;
    const pages = Array.from({ length: Math.ceil(this.length / PAGE) }, () => this.buffer(heads * PAGE * headSize * 2));
    const from = this.buffer(source.byteLength, source);
    const headOf = this.buffer(
      heads * 4,
      Uint32Array.from({ length: heads }, (_, head) => head),
    );
    this.pass((pass) => {
      for (const [start, end] of cut(0, this.length)) {
        const middle = start + Math.floor((end - start) / 3);
        for (const [a, b] of [
          [start, middle],
          [middle, end],
        ] as const) {
          const shape = { rows: this.length, from: a, count: b - a, slot: a % PAGE, heads };
          if (b > a) this.kernels.append(pass, from, headOf, pages[Math.floor(a / PAGE)] as GPUBuffer, shape);
        }
      }
    });
    return pages;
  }

  pass(record: (pass: GPUComputePassEncoder) => void): void {
    const encoder = this.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    record(pass);
    pass.end();
    this.uniforms.flush();
    this.device.queue.submit([encoder.finish()]);
  }

  async read(buffer: GPUBuffer, elements: number): Promise<Float32Array> {
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const staging = this.device.createBuffer({ size: elements * 4, usage });
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, elements * 4);
    this.device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const values = new Float32Array(staging.getMappedRange().slice(0));
    staging.destroy();
    return values;
  }

  close(): void {
    for (const buffer of this.#buffers) buffer.destroy();
    this.uniforms.close();
  }
}

/** Which keys stand for which tokens: the same runs for the GPU's spans and for the reference. */
function runsOf({ past, rows, sinks, recent }: Case, follows: boolean): { from: number; to: number; leads: boolean }[] {
  const border = Math.max(sinks, past - recent);
  const before = follows
    ? [
        { from: 0, to: Math.min(sinks, past), leads: false },
        { from: Math.min(sinks, past), to: Math.min(border, past), leads: true },
        { from: Math.min(border, past), to: past, leads: false },
      ]
    : [{ from: 0, to: past, leads: false }];
  return [...before, { from: past, to: past + rows, leads: false }].filter(({ from, to }) => to > from);
}

async function errorOf(each: Case, kind: 'prefill' | 'decode'): Promise<number> {
  if (!device) return 0;
  const bench = new Bench(device, each);
  const { heads, ratio, headSize, past, rows, followFrom, seed, softcap } = each;
  const queryHeads = heads * ratio;
  const elements = heads * bench.length * headSize;
  const [own, led, value] = [normals(seed, elements), normals(seed + 1, elements), normals(seed + 2, elements)];
  const queries = normals(seed + 3, queryHeads * rows * headSize);
  const pages = { own: bench.pages(own), led: bench.pages(led), value: bench.pages(value) };
  const groups = [Array.from({ length: heads }, (_, head) => head)].flatMap((all) => [
    { follows: false, heads: all.filter((head) => head < followFrom) },
    { follows: true, heads: all.filter((head) => head >= followFrom) },
  ]);
  const spans: GpuSpan[] = groups
    .filter((group) => group.heads.length > 0)
    .flatMap((group) => {
      const places = bench.places(group.heads);
      return runsOf(each, group.follows).flatMap(({ from, to, leads }) =>
        cut(from, to).map(([start, end]) => {
          const page = Math.floor(start / PAGE);
          const [keys, values] = [(leads ? pages.led : pages.own)[page], pages.value[page]] as [GPUBuffer, GPUBuffer];
          const slot = start % PAGE;
          return { start, end, keys, keySlot: slot, values, valueSlot: slot, places, heads: group.heads.length };
        }),
      );
    });
  const output = bench.buffer(queries.byteLength);
  const asked = bench.buffer(queries.byteLength, queries);
  bench.pass((pass) => {
    if (kind === 'prefill') {
      const [peaks, sums] = [bench.buffer(queryHeads * rows * 4), bench.buffer(queryHeads * rows * 4)];
      const shape = { rows, firstPosition: past, queryHeads };
      bench.kernels.prefill(pass, { queries: asked, output, peaks, sums }, shape, spans);
    } else {
      const splits = spans.reduce((sum, { start, end }) => sum + splitsOf(end - start), 0);
      const partials = bench.buffer(splits * queryHeads * headSize * 4);
      const states = bench.buffer(splits * queryHeads * 8);
      bench.kernels.decode(pass, { queries: asked, output, partials, states }, queryHeads, spans);
    }
  });
  const actual = await bench.read(output, queries.length);
  bench.close();
  const expected = referenceAttention({
    shape: { queryHeads, keyValueHeads: heads, headSize, scale: headSize ** -0.5 * 3, softcap },
    queries,
    rows,
    firstPosition: past,
    spans: Array.from({ length: heads }, (_, head): Span[] =>
      runsOf(each, head >= followFrom).map(({ from, to, leads }) => {
        const part = (source: Float32Array) =>
          toBits(source.subarray((head * bench.length + from) * headSize, (head * bench.length + to) * headSize));
        return { start: from, end: to, keys: part(leads ? led : own), values: part(value) };
      }),
    ),
  });
  return relativeError(actual, expected);
}

describe.skipIf(!device)('attention on the GPU', () => {
  it('prefill equals the reference', async () => {
    const cases = arbitraryCase(fc.integer({ min: 1, max: 70 }), 1500);
    await fc.assert(
      fc.asyncProperty(cases, async (each) => {
        expect(await errorOf(each, 'prefill')).toBeLessThan(MOST_ERROR);
      }),
      { numRuns: 20 },
    );
  });

  it('decode equals the reference', async () => {
    const cases = arbitraryCase(fc.constant(1), 5000);
    await fc.assert(
      fc.asyncProperty(cases, async (each) => {
        expect(await errorOf(each, 'decode')).toBeLessThan(MOST_ERROR);
      }),
      { numRuns: 20 },
    );
  });
});
