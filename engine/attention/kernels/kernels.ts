/**
 * The typed twin of the WGSL files beside it: pipelines with their sizes as constants, and one function a kernel that
 * writes its parameters and records its dispatch. What each buffer holds is said at the head of its .wgsl file.
 */
export type KernelName = 'append' | 'prefill' | 'finish' | 'decode' | 'fold';

/** WGSL text by kernel: a runtime knows how to get at files. */
export type KernelSources = Readonly<Record<KernelName, string>>;

export interface KernelSizes {
  /** Elements of a head: a multiple of 8, at most 256. */
  readonly headSize: number;
  /** Tokens a page. */
  readonly pageTokens: number;
  /** Query heads a KV head. */
  readonly ratio: number;
  readonly scale: number;
  /** 0: none. */
  readonly softcap: number;
}

/** Where a KV head of the model lies in the pages of a span. */
export interface HeadPlace {
  readonly head: number;
  readonly inKeyPage: number;
  readonly inValuePage: number;
}

/** A run of tokens within one key page and one value page, for some of the layer's KV heads. */
export interface GpuSpan {
  readonly start: number;
  readonly end: number;
  readonly keys: GPUBuffer;
  readonly keySlot: number;
  readonly values: GPUBuffer;
  readonly valueSlot: number;
  /** Four u32 a head: its number in the model, its places in the two pages, and nothing (`placesOf`). */
  readonly places: GPUBuffer;
  readonly heads: number;
}

const SPLIT = 512;
const THREADS = 128;
const ROWS = 32;
const LANES = 4;
const MOST_HEADS = 8;
const WORKGROUP = 64;
const DIMENSION_LIMIT = 65_535;
/** Dynamic offsets of uniforms are multiples of this on every device. */
const UNIFORM_STEP = 256;

export function placesOf(heads: readonly HeadPlace[]): Uint32Array<ArrayBuffer> {
  return Uint32Array.from(heads.flatMap(({ head, inKeyPage, inValuePage }) => [head, inKeyPage, inValuePage, 0]));
}

/** How many partial results `decode` leaves for a span of so many tokens. */
export function splitsOf(tokens: number): number {
  return Math.ceil(tokens / SPLIT);
}

/** Parameters of the dispatches of one submit: written to the device in one piece before it. */
export class Uniforms {
  readonly #device: GPUDevice;
  readonly buffer: GPUBuffer;
  readonly #words: Uint32Array<ArrayBuffer>;
  #used = 0;

  constructor(device: GPUDevice, slots: number) {
    this.#device = device;
    this.#words = new Uint32Array((slots * UNIFORM_STEP) / 4);
    this.buffer = device.createBuffer({
      size: slots * UNIFORM_STEP,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
  }

  /** Keeps parameters; gives the offset to bind them at. Throws RangeError when the slots are used up. */
  add(values: readonly number[]): number {
    const offset = this.#used * UNIFORM_STEP;
    if (offset >= this.buffer.size) throw new RangeError('no uniform slot is left');
    this.#words.set(values, offset / 4);
    this.#used += 1;
    return offset;
  }

  /** Writes what was added to the device and starts over. */
  flush(): void {
    this.#device.queue.writeBuffer(this.buffer, 0, this.#words, 0, (this.#used * UNIFORM_STEP) / 4);
    this.#used = 0;
  }

  close(): void {
    this.buffer.destroy();
  }
}

/** Tokens whose keys `decode` holds in the workgroup's memory at once: 16 KiB of it. */
function tileTokens(headSize: number): number {
  return Math.min(64, 2 ** Math.floor(Math.log2(4096 / (headSize / 2 + 1))));
}

/** Keys that `prefill` takes at once: wide heads leave room for fewer. */
function keysAtOnce(headSize: number): number {
  return headSize > 128 ? 8 : 32;
}

function rowsAtOnce(headSize: number): number {
  return headSize > 128 ? ROWS / 2 : ROWS;
}

export class Kernels {
  readonly #device: GPUDevice;
  readonly #sizes: KernelSizes;
  readonly #uniforms: Uniforms;
  readonly #pipelines: Readonly<Record<KernelName, GPUComputePipeline>>;
  /** Bind groups by their buffers, so that the same page is bound once for good. */
  readonly #groups = new Map<string, GPUBindGroup>();
  readonly #numbers = new WeakMap<GPUBuffer, number>();
  #buffers = 0;

  constructor(device: GPUDevice, sources: KernelSources, sizes: KernelSizes, uniforms: Uniforms) {
    this.#device = device;
    this.#sizes = sizes;
    this.#uniforms = uniforms;
    const { headSize, pageTokens, ratio, scale, softcap } = sizes;
    const [rows, keys, tile] = [rowsAtOnce(headSize), keysAtOnce(headSize), tileTokens(headSize)];
    const heads = Math.min(ratio, MOST_HEADS);
    const pipeline = (name: KernelName, bindings: readonly GPUBufferBindingType[], constants: Record<string, number>) =>
      createPipeline(device, sources[name], name, bindings, constants);
    const attention = {
      SIZE: headSize,
      PAGE: pageTokens,
      SCALE: scale,
      SOFTCAP: softcap,
      QUERY_WORDS: rows * headSize,
    };
    this.#pipelines = {
      append: pipeline('append', ['read-only-storage', 'read-only-storage', 'storage'], {
        SIZE: headSize,
        PAGE: pageTokens,
        WORKGROUP,
      }),
      prefill: pipeline('prefill', [...readOnly(4), 'storage', 'storage', 'storage'], {
        ...attention,
        ROWS: rows,
        KEYS: keys,
        LANES,
        THREADS: rows * LANES,
        TILE_WORDS: (keys * headSize) / 2,
        SCORE_WORDS: rows * keys,
        SHARE: headSize / LANES,
      }),
      finish: pipeline('finish', ['read-only-storage', 'storage'], { SIZE: headSize, WORKGROUP }),
      decode: pipeline('decode', [...readOnly(4), 'storage', 'storage'], {
        ...attention,
        SPLIT,
        TILE: tile,
        THREADS,
        HEADS: heads,
        QUERY_WORDS: heads * headSize,
        TILE_WORDS: tile * (headSize / 2 + 1),
        SCORE_WORDS: heads * tile,
      }),
      fold: pipeline('fold', [...readOnly(3), 'storage'], { SIZE: headSize, WORKGROUP }),
    };
  }

  /** Writes rows `from`..`from + count` of `source` into `page` from `slot` on. */
  append(
    pass: GPUComputePassEncoder,
    source: GPUBuffer,
    headOf: GPUBuffer,
    page: GPUBuffer,
    shape: { rows: number; from: number; count: number; slot: number; heads: number },
  ): void {
    const { rows, from, count, slot, heads } = shape;
    const invocations = (heads * count * this.#sizes.headSize) / 2;
    this.#dispatch(pass, 'append', [rows, from, count, slot, heads], [source, headOf, page], flat(invocations));
  }

  /**
   * Attention of rows from `firstPosition` on over spans, into `output`. No span that begins before `firstPosition` may
   * end after it. peaks, sums: scratch of query heads × rows f32.
   */
  prefill(
    pass: GPUComputePassEncoder,
    buffers: { queries: GPUBuffer; output: GPUBuffer; peaks: GPUBuffer; sums: GPUBuffer },
    shape: { rows: number; firstPosition: number; queryHeads: number },
    spans: readonly GpuSpan[],
  ): void {
    const { ratio, headSize } = this.#sizes;
    const { rows, firstPosition, queryHeads } = shape;
    const groups = Math.ceil((ratio * rows) / rowsAtOnce(headSize));
    const begun = new Set<GPUBuffer>();
    for (const { keys, values, places, heads, start, end, keySlot, valueSlot } of spans) {
      const first = begun.has(places) ? 0 : 1;
      begun.add(places);
      const words = [rows, ratio, firstPosition, start, end - start, keySlot, valueSlot, first];
      const { queries, output, peaks, sums } = buffers;
      this.#dispatch(pass, 'prefill', words, [queries, keys, values, places, output, peaks, sums], [groups, heads, 1]);
    }
    const elements = queryHeads * rows * headSize;
    this.#dispatch(pass, 'finish', [elements], [buffers.sums, buffers.output], flat(elements));
  }

  /**
   * Attention of one row over spans that it sees whole, into `output`. partials, states: scratch for
   * `splitsOf` of every span, summed over the spans of one KV head.
   */
  decode(
    pass: GPUComputePassEncoder,
    buffers: { queries: GPUBuffer; output: GPUBuffer; partials: GPUBuffer; states: GPUBuffer },
    queryHeads: number,
    spans: readonly GpuSpan[],
  ): void {
    const { ratio } = this.#sizes;
    const { queries, partials, states, output } = buffers;
    const blocks = Math.ceil(ratio / Math.min(ratio, MOST_HEADS));
    const splits = new Map<GPUBuffer, { count: number; heads: number }>();
    for (const { keys, values, places, heads, start, end, keySlot, valueSlot } of spans) {
      const before = splits.get(places)?.count ?? 0;
      const own = splitsOf(end - start);
      splits.set(places, { count: before + own, heads });
      const words = [ratio, queryHeads, end - start, keySlot, valueSlot, before];
      this.#dispatch(pass, 'decode', words, [queries, keys, values, places, partials, states], [own, heads, blocks]);
    }
    for (const [places, { count, heads }] of splits)
      this.#dispatch(pass, 'fold', [count, queryHeads, ratio], [partials, states, places, output], [ratio, heads, 1]);
  }

  /** Lets go of the bind groups: buffers that were destroyed must not be held. */
  forget(): void {
    this.#groups.clear();
  }

  #dispatch(
    pass: GPUComputePassEncoder,
    name: KernelName,
    words: readonly number[],
    buffers: readonly GPUBuffer[],
    groups: readonly [number, number, number],
  ): void {
    const offset = this.#uniforms.add(words);
    pass.setPipeline(this.#pipelines[name]);
    pass.setBindGroup(0, this.#groupOf(name, buffers), [offset]);
    pass.dispatchWorkgroups(...groups);
  }

  #groupOf(name: KernelName, buffers: readonly GPUBuffer[]): GPUBindGroup {
    const key = `${name} ${buffers.map((buffer) => this.#numberOf(buffer)).join(' ')}`;
    const known = this.#groups.get(key);
    if (known) return known;
    const uniform = { buffer: this.#uniforms.buffer, size: UNIFORM_STEP };
    const group = this.#device.createBindGroup({
      layout: this.#pipelines[name].getBindGroupLayout(0),
      entries: [uniform, ...buffers.map((buffer) => ({ buffer }))].map((resource, binding) => ({ binding, resource })),
    });
    this.#groups.set(key, group);
    return group;
  }

  #numberOf(buffer: GPUBuffer): number {
    const known = this.#numbers.get(buffer);
    if (known !== undefined) return known;
    this.#numbers.set(buffer, ++this.#buffers);
    return this.#buffers;
  }
}

function readOnly(count: number): GPUBufferBindingType[] {
  return Array.from({ length: count }, () => 'read-only-storage');
}

/** Workgroups for so many invocations, folded into two dimensions where one is not enough. */
function flat(invocations: number): [number, number, number] {
  const groups = Math.ceil(invocations / WORKGROUP);
  const rows = Math.ceil(groups / DIMENSION_LIMIT);
  return [Math.ceil(groups / rows), rows, 1];
}

function createPipeline(
  device: GPUDevice,
  source: string,
  name: KernelName,
  bindings: readonly GPUBufferBindingType[],
  constants: Record<string, number>,
): GPUComputePipeline {
  const entries: GPUBindGroupLayoutEntry[] = [
    { binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'uniform', hasDynamicOffset: true } },
    ...bindings.map((type, index) => ({ binding: index + 1, visibility: GPUShaderStage.COMPUTE, buffer: { type } })),
  ];
  const layout = device.createPipelineLayout({ bindGroupLayouts: [device.createBindGroupLayout({ entries })] });
  const module = device.createShaderModule({ code: source, label: name });
  return device.createComputePipeline({ label: name, layout, compute: { module, entryPoint: name, constants } });
}
