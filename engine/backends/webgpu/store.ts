/** An append-only run of vectors of some KV heads in GPU buffers, a buffer a page, laid out as `cache/format.ts` says. */

import { elementBytes, type Format } from '../../cache/format.ts';
import type { StoreShape, TokenStore } from '../../cache/layout.ts';
import { pageBytes } from '../../cache/memory.ts';
import { ProximaError } from '../../errors.ts';

// Bits of the WebGPU specification.
const STORAGE_AND_COPIES = 0x80 | 0x4 | 0x8;

/** Creates and destroys buffers, and knows what is alive. */
export class GpuMemory {
  readonly device: GPUDevice;
  #buffers = 0;
  #bytes = 0;
  #created: Promise<GPUError | null>[] = [];

  constructor(device: GPUDevice) {
    this.device = device;
  }

  get liveBuffers(): number {
    return this.#buffers;
  }

  get liveBytes(): number {
    return this.#bytes;
  }

  /** The buffer may turn out not to exist: `settled` says so. */
  create(bytes: number, label: string): GPUBuffer {
    this.device.pushErrorScope('out-of-memory');
    const buffer = this.device.createBuffer({ size: Math.ceil(bytes / 4) * 4, usage: STORAGE_AND_COPIES, label });
    this.#created.push(this.device.popErrorScope());
    this.#buffers += 1;
    this.#bytes += bytes;
    return buffer;
  }

  /** Rejects with `device-out-of-memory` when a buffer that was created since the last call could not be. */
  async settled(): Promise<void> {
    if (this.#created.length === 0) return;
    const errors = await Promise.all(this.#created.splice(0));
    if (errors.every((error) => error === null)) return;
    throw new ProximaError('device-out-of-memory', { bytes: this.#bytes });
  }

  destroy(buffer: GPUBuffer, bytes: number): void {
    buffer.destroy();
    this.#buffers -= 1;
    this.#bytes -= bytes;
  }
}

export interface GpuPage {
  readonly buffer: GPUBuffer;
  /** Slot of `start` in the page. */
  readonly slot: number;
  readonly start: number;
  readonly end: number;
}

export class GpuStore implements TokenStore {
  readonly heads: readonly number[];
  readonly format: Format;
  readonly pageTokens: number;
  /** The word of a page where the grids of its vectors begin. */
  readonly firstGrid: number;
  readonly #memory: GpuMemory;
  readonly #pageBytes: number;
  readonly #pages = new Map<number, GPUBuffer>();
  #end = 0;

  constructor(memory: GpuMemory, { heads, format, pageTokens }: StoreShape, headSize: number) {
    this.heads = heads;
    this.format = format;
    this.pageTokens = pageTokens;
    this.firstGrid = (heads.length * pageTokens * elementBytes(format, headSize)) / 4;
    this.#memory = memory;
    this.#pageBytes = heads.length * pageBytes(format, pageTokens, headSize);
  }

  get end(): number {
    return this.#end;
  }

  get bytes(): number {
    return this.#pages.size * this.#pageBytes;
  }

  /** Makes room for `tokens` more and gives the pieces of pages that they go into. */
  extend(tokens: number): GpuPage[] {
    const start = this.#end;
    this.#end += tokens;
    for (let page = this.#pageOf(start); page <= this.#pageOf(this.#end - 1); page++) {
      if (!this.#pages.has(page)) this.#pages.set(page, this.#memory.create(this.#pageBytes, 'KV page'));
    }
    return this.pieces(start, this.#end);
  }

  /** The pieces of pages that hold `from`..`to`. Throws RangeError for tokens that are not there. */
  pieces(from: number, to: number): GpuPage[] {
    const pieces: GpuPage[] = [];
    for (let start = from; start < to; ) {
      const page = this.#pageOf(start);
      const buffer = this.#pages.get(page);
      const end = Math.min(to, (page + 1) * this.pageTokens);
      if (!buffer || end > this.#end) throw new RangeError(`tokens ${from}–${to} are not in the store`);
      pieces.push({ buffer, slot: start - page * this.pageTokens, start, end });
      start = end;
    }
    return pieces;
  }

  truncate(end: number): void {
    if (end >= this.#end) return;
    this.#end = end;
    this.#drop((page) => page * this.pageTokens >= end);
  }

  forgetBefore(start: number): void {
    this.#drop((page) => (page + 1) * this.pageTokens <= start);
  }

  clear(): void {
    this.#drop(() => true);
    this.#end = 0;
  }

  #drop(condition: (page: number) => boolean): void {
    for (const [page, buffer] of this.#pages) {
      if (!condition(page)) continue;
      this.#memory.destroy(buffer, this.#pageBytes);
      this.#pages.delete(page);
    }
  }

  #pageOf(token: number): number {
    return Math.floor(token / this.pageTokens);
  }
}
