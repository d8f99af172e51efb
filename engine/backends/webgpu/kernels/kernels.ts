/**
 * The typed twin of the WGSL files beside it: pipelines with their sizes as constants, and one function a kernel that
 * writes its parameters and records its dispatch. What each buffer holds is said at the head of its .wgsl file.
 */
import { groupsOf, type RoundedFormat } from '../../../cache/format.ts';
import type { GpuSpan, PagePart } from '../span.ts';
import { type BufferNumbers, createPipeline, flatGroups, type Uniforms } from './pipelines.ts';
import type { KernelSources } from './sources.ts';
import { type PageFormats, textOf, type Variant, variantOf } from './variant.ts';

/** How a layer computes; layers that are alike share their pipelines. */
export interface KernelShape {
  readonly queryHeads: number;
  readonly keyValueHeads: number;
  /** Elements of a head: a multiple of 8, at most 256. */
  readonly headSize: number;
  readonly scale: number;
  /** 0: none. */
  readonly softcap: number;
  /** Tokens that a row sees, itself included; 0: all before it. */
  readonly window: number;
  /** Rotary inside the node: elements of a row of its caches. */
  readonly rotary: { readonly half: number; readonly interleaved: boolean } | undefined;
  /** q/k norm inside the node. */
  readonly norm: { readonly epsilon: number } | undefined;
  /** Whether the graph's own tensors around the node are f16; f32 otherwise. */
  readonly halfTensors: boolean;
}

/** Records a dispatch whose parameters are already written down; buffers that come late are asked for then. */
export type Recorder = (pass: GPUComputePassEncoder) => void;
export type Bound = GPUBuffer | (() => GPUBuffer);

/** A part of the graph's tensor that holds queries, keys or values of new rows. */
export interface VectorSource {
  readonly buffer: Bound;
  /** Elements a row, and where in a row the part begins. */
  readonly stride: number;
  readonly offset: number;
  readonly rows: number;
  /** Position of row 0. */
  readonly firstPosition: number;
}

/** What `vector.wgsl` reads beside the source; any buffer where a layer has no norm or rotary. */
export interface VectorTables {
  readonly weights: GPUBuffer;
  readonly cosines: GPUBuffer;
  readonly sines: GPUBuffer;
}

/** Scratch of one layer's attention, used again by every layer. */
/** Where rows look: what each row weighs, u32 or f32 [query heads, rows], and what each token of `sinks`..`length` gets, f32 from 0 on. */
export interface Looked {
  readonly tops: GPUBuffer;
  readonly mass: GPUBuffer;
  readonly length: number;
  readonly sinks: number;
}

export interface PrefillScratch {
  /** f32 [query heads, rows, head size] each. */
  readonly queries: GPUBuffer;
  readonly gathered: GPUBuffer;
  /** f32 [query heads, rows] each. */
  readonly peaks: GPUBuffer;
  readonly sums: GPUBuffer;
}

export interface DecodeScratch {
  readonly queries: Bound;
  /** f32 [splits, query heads, head size] and [splits, query heads, 2]. */
  readonly partials: Bound;
  readonly states: Bound;
}

const SPLIT = 512;
const THREADS = 128;
/** Invocations of `prefill`, at most: every device has as many a workgroup. */
const PREFILL_THREADS = 256;
const MOST_GROUPS = 16;
/** Query heads that `decode` serves with one reading of a key. */
const MOST_HEADS = 8;
const WORKGROUP = 64;
/** As a window: more tokens than there can be. */
const EVERYTHING = 0xffff_ffff;

/** How many partial results `decode` leaves for a span of so many tokens. */
export function splitsOf(tokens: number): number {
  return Math.ceil(tokens / SPLIT);
}

/** Bytes of the workgroup's memory that the small arrays of `decode` take besides. */
const DECODE_REST = THREADS * 8 + 256;

/** Tokens whose keys `decode` holds in the workgroup's memory at once: 16 KiB of it, or what the device has. */
function tileTokens(headSize: number, heads: number, limit: number): number {
  const bytes = (tokens: number) => tokens * (headSize / 2 + 1) * 4 + heads * (headSize + tokens) * 4 + DECODE_REST;
  let tokens = Math.min(64, 2 ** Math.floor(Math.log2(4096 / (headSize / 2 + 1))));
  while (tokens > 1 && bytes(tokens) > limit) tokens /= 2;
  return tokens;
}

/**
 * Fours of rows that `prefill` takes at once, and how many elements of the keys it holds: wide heads, and devices with little
 * memory a workgroup, leave room for fewer.
 */
function prefillTile(headSize: number, limit: number): { groups: number; slice: number } {
  const lanes = headSize / 4;
  const tile = {
    groups: Math.min(MOST_GROUPS, Math.floor(PREFILL_THREADS / lanes)),
    slice: [32, 16].find((slice) => headSize % slice === 0) ?? 8,
  };
  const bytes = () => 16 * (tile.slice * (tile.groups + lanes) + headSize * tile.groups + tile.groups * lanes);
  while (tile.slice > 4 && bytes() > limit) tile.slice /= 2;
  while (tile.groups > 1 && bytes() > limit) tile.groups = Math.floor(tile.groups / 2);
  return tile;
}

/** Pipelines that read no pages of keys and values. */
function createPipelines(device: GPUDevice, sources: KernelSources, shape: KernelShape, variant: Variant) {
  const { headSize, halfTensors, rotary, norm } = shape;
  const vector = (normalised: boolean, turned: boolean) => ({
    SIZE: headSize,
    SOURCE_IS_HALF: Number(halfTensors),
    NORM: Number(normalised && norm !== undefined),
    EPSILON: norm?.epsilon ?? 0,
    HALF: turned ? (rotary?.half ?? 0) : 0,
    INTERLEAVED: Number(rotary?.interleaved ?? false),
  });
  const appending = (code: string, turned: boolean) =>
    createPipeline(device, code, 'append', [5, 1], vector(turned, turned));
  const append = textOf(sources, 'append', variant);
  const round = textOf(sources, 'round', variant);
  return {
    appendKeys: appending(append, true),
    appendValues: appending(append, false),
    queries: createPipeline(device, sources.vector + sources.queries, 'queries_of_rows', [4, 1], vector(true, true)),
    int8: createPipeline(device, round, 'round_int8', [1, 1], { SIZE: headSize, WORKGROUP }),
    int4: createPipeline(device, round, 'round_int4', [1, 1], { SIZE: headSize, WORKGROUP }),
    finish: createPipeline(device, sources.finish, 'finish', [2, 1], {
      SIZE: headSize,
      OUTPUT_IS_HALF: Number(halfTensors),
      WORKGROUP,
    }),
    fold: createPipeline(device, sources.fold, 'fold', [3, 1], {
      SIZE: headSize,
      OUTPUT_IS_HALF: Number(halfTensors),
      WORKGROUP,
    }),
  };
}

const ATTENTION_KERNELS = ['prefill', 'decode', 'tops', 'mass'] as const;
type AttentionKernel = (typeof ATTENTION_KERNELS)[number];

/** A pipeline that reads pages of keys and values in some formats. */
function createAttention(
  device: GPUDevice,
  sources: KernelSources,
  shape: KernelShape,
  variant: Variant,
  kernel: AttentionKernel,
  formats: PageFormats,
): GPUComputePipeline {
  const { headSize, scale, softcap } = shape;
  const limit = device.limits.maxComputeWorkgroupStorageSize;
  const attention = { SIZE: headSize, SCALE: scale, SOFTCAP: softcap };
  const text = (file: 'prefill' | 'decode' | 'evidence') => textOf(sources, file, variant, formats);
  if (kernel === 'prefill') {
    const { groups, slice } = prefillTile(headSize, limit);
    const constants = { ...attention, GROUPS: groups, SLICE: slice };
    return createPipeline(device, text('prefill'), 'prefill', [4, 3], constants);
  }
  if (kernel === 'decode') {
    const heads = Math.min(shape.queryHeads / shape.keyValueHeads, MOST_HEADS);
    const tile = tileTokens(headSize, heads, limit);
    return createPipeline(device, text('decode'), 'decode', [4, 2], {
      ...attention,
      SPLIT,
      TILE: tile,
      THREADS,
      HEADS: heads,
      QUERY_WORDS: heads * headSize,
      TILE_WORDS: tile * (headSize / 2 + 1),
      SCORE_WORDS: heads * tile,
    });
  }
  const entryPoint = kernel === 'tops' ? 'tops_of_rows' : 'mass_of_tokens';
  return createPipeline(device, text('evidence'), entryPoint, [5, 2], { ...attention, WORKGROUP });
}

type Pipelines = ReturnType<typeof createPipelines>;
/** The kernels for layers of one shape. */
export class Kernels {
  readonly #shape: KernelShape;
  readonly #uniforms: Uniforms;
  readonly #numbers: BufferNumbers;
  readonly #ratio: number;
  readonly #pipelines: Pipelines;
  /** By kernel and formats, made when they are first asked for. */
  readonly #attention = new Map<string, GPUComputePipeline>();
  readonly #createAttention: (kernel: AttentionKernel, formats: PageFormats) => GPUComputePipeline;
  readonly #rowsTogether: number;

  constructor(
    device: GPUDevice,
    sources: KernelSources,
    shape: KernelShape,
    uniforms: Uniforms,
    numbers: BufferNumbers,
    variant: Variant = variantOf(device),
  ) {
    this.#shape = shape;
    this.#uniforms = uniforms;
    this.#numbers = numbers;
    this.#ratio = shape.queryHeads / shape.keyValueHeads;
    this.#rowsTogether = 4 * prefillTile(shape.headSize, device.limits.maxComputeWorkgroupStorageSize).groups;
    this.#pipelines = createPipelines(device, sources, shape, variant);
    this.#createAttention = (kernel, formats) => createAttention(device, sources, shape, variant, kernel, formats);
  }

  /** Makes all pipelines for some formats now, so that no answer waits for them. */
  prepare(formats: PageFormats): void {
    for (const kernel of ATTENTION_KERNELS) this.#over(kernel, formats);
  }

  /** Writes `count` rows from `firstRow` on into a page from `slot` on. heads: for each page head the model's, u32. */
  append(
    part: 'appendKeys' | 'appendValues',
    source: VectorSource,
    tables: VectorTables,
    target: { page: GPUBuffer; pageTokens: number; heads: GPUBuffer; headCount: number },
    rows: { firstRow: number; count: number; slot: number },
  ): Recorder {
    const words = [source.stride, source.offset, source.firstPosition, rows.firstRow, rows.slot, target.pageTokens];
    const { weights, cosines, sines } = tables;
    const buffers = [source.buffer, weights, cosines, sines, target.heads, target.page];
    return this.#plan(this.#pipelines[part], words, buffers, [rows.count, target.headCount, 1]);
  }

  /** Rounds `count` tokens of all heads of an f16 page into a page of another format. */
  round(from: PagePart, into: PagePart, { headCount, count }: { headCount: number; count: number }): Recorder {
    const words = [count, from.pageTokens, from.slot, into.pageTokens, into.slot, into.firstGrid];
    const groups = Math.ceil((count * groupsOf(into.format, this.#shape.headSize)) / WORKGROUP);
    const pipeline = this.#pipelines[into.format as RoundedFormat];
    return this.#plan(pipeline, words, [from.page, into.page], [groups, headCount, 1]);
  }

  /** Lays queries out as f32 [query heads, rows, head size]. */
  queries(source: VectorSource, tables: VectorTables, target: GPUBuffer): Recorder {
    const words = [source.stride, source.offset, source.firstPosition, source.rows];
    const buffers = [source.buffer, tables.weights, tables.cosines, tables.sines, target];
    return this.#plan(this.#pipelines.queries, words, buffers, [source.rows, this.#shape.queryHeads, 1]);
  }

  /**
   * Attention of rows from `firstPosition` on over spans into `output` from its row `firstRow` on, [rows, query heads · head
   * size] of the graph's type. No span that begins before `firstPosition` may end after it.
   */
  prefill(
    scratch: PrefillScratch,
    output: Bound,
    { rows, firstPosition, firstRow }: { rows: number; firstPosition: number; firstRow: number },
    spans: readonly GpuSpan[],
  ): Recorder[] {
    const { headSize, queryHeads } = this.#shape;
    const groups = Math.ceil((this.#ratio * rows) / this.#rowsTogether);
    const begun = new Set<number>();
    const partial = spans.map((span) => {
      const first = begun.has(span.unit) ? 0 : 1;
      begun.add(span.unit);
      const place = [firstPosition, span.start, span.end - span.start, ...slotsOf(span)];
      const words = [rows, this.#ratio, ...place, first, this.#window, ...gridsOf(span)];
      const { queries, gathered, peaks, sums } = scratch;
      const buffers = [queries, span.keys.page, span.values.page, span.places, gathered, peaks, sums];
      return this.#plan(this.#over('prefill', formatsOf(span)), words, buffers, [groups, span.heads, 1]);
    });
    const pairs = (queryHeads * rows * headSize) / 2;
    const buffers = [scratch.gathered, scratch.sums, output];
    const words = [rows, queryHeads, firstRow];
    return [...partial, this.#plan(this.#pipelines.finish, words, buffers, flatGroups(pairs, WORKGROUP))];
  }

  /** Attention of one row over spans, all within its window, that it sees whole, into `output` [query heads · head size] of the graph's type. */
  decode(scratch: DecodeScratch, output: Bound, spans: readonly GpuSpan[]): Recorder[] {
    const { queries, partials, states } = scratch;
    const { queryHeads } = this.#shape;
    const blocks = Math.ceil(this.#ratio / Math.min(this.#ratio, MOST_HEADS));
    const units = new Map<number, { splits: number; span: GpuSpan }>();
    const partial = spans.map((span) => {
      const before = units.get(span.unit)?.splits ?? 0;
      const own = splitsOf(span.end - span.start);
      units.set(span.unit, { splits: before + own, span });
      const words = [this.#ratio, queryHeads, span.end - span.start, ...slotsOf(span), before, ...gridsOf(span)];
      const buffers = [queries, span.keys.page, span.values.page, span.places, partials, states];
      return this.#plan(this.#over('decode', formatsOf(span)), words, buffers, [own, span.heads, blocks]);
    });
    const folds = [...units.values()].map(({ splits, span }) => {
      const buffers = [partials, states, span.places, output];
      return this.#plan(this.#pipelines.fold, [splits, queryHeads, this.#ratio], buffers, [this.#ratio, span.heads, 1]);
    });
    return [...partial, ...folds];
  }

  /**
   * Adds where rows look to `mass`, f32 a token from 0 on: after `prefill` of the same rows over the same spans. tops: u32
   * [query heads, rows], zero.
   */
  evidence(
    scratch: PrefillScratch,
    found: Looked,
    { rows, firstPosition }: { rows: number; firstPosition: number },
    spans: readonly GpuSpan[],
  ): Recorder[] {
    return [
      ...this.#look('tops', scratch, found, { rows, firstPosition }, spans),
      ...this.#look('mass', scratch, found, { rows, firstPosition }, spans),
    ];
  }

  /** As `evidence`, but `tops` says already what each row weighs, as f32. */
  shares(
    scratch: PrefillScratch,
    found: Looked,
    shape: { rows: number; firstPosition: number },
    spans: readonly GpuSpan[],
  ): Recorder[] {
    return this.#look('mass', scratch, found, shape, spans);
  }

  #look(
    name: 'tops' | 'mass',
    { queries, peaks, sums }: PrefillScratch,
    found: Looked,
    { rows, firstPosition }: { rows: number; firstPosition: number },
    spans: readonly GpuSpan[],
  ): Recorder[] {
    return spans.map((span) => {
      const count = span.end - span.start;
      const { page, slot, pageTokens, firstGrid } = span.keys;
      const place = [firstPosition, span.start, count, slot, pageTokens];
      const words = [rows, this.#ratio, ...place, found.sinks, found.length, span.heads, this.#window, firstGrid];
      const buffers = [queries, page, span.places, peaks, sums, found.tops, found.mass];
      const pipeline = this.#over(name, { keys: span.keys.format, values: 'f16' });
      return this.#plan(pipeline, words, buffers, [Math.ceil(count / WORKGROUP), 1, 1]);
    });
  }

  get #window(): number {
    return this.#shape.window || EVERYTHING;
  }

  #over(kernel: AttentionKernel, formats: PageFormats): GPUComputePipeline {
    const key = `${kernel} ${formats.keys} ${formats.values}`;
    const known = this.#attention.get(key);
    if (known) return known;
    const created = this.#createAttention(kernel, formats);
    this.#attention.set(key, created);
    return created;
  }

  #plan(
    pipeline: GPUComputePipeline,
    words: readonly number[],
    buffers: readonly Bound[],
    groups: readonly [number, number, number],
  ): Recorder {
    const offset = this.#uniforms.add(words);
    return (pass) => {
      const bound = buffers.map((buffer) => (typeof buffer === 'function' ? buffer() : buffer));
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, this.#numbers.groupOf(pipeline, this.#uniforms, bound), [offset]);
      pass.dispatchWorkgroups(...groups);
    };
  }
}

function slotsOf(span: GpuSpan): number[] {
  return [span.keys.slot, span.values.slot, span.keys.pageTokens, span.values.pageTokens];
}

function formatsOf({ keys, values }: GpuSpan): PageFormats {
  return { keys: keys.format, values: values.format };
}

function gridsOf(span: GpuSpan): number[] {
  return [span.keys.firstGrid, span.values.firstGrid];
}
