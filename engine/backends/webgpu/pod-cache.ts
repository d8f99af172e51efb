/** The PoD cache in GPU buffers: KV heads that follow alike lie together. What it keeps where: `layout.ts`. */

import { LaidOutCache } from '../../cache/laid-out-cache.ts';
import { byLeader, CacheLayout, follows, newSinks, type Unit } from '../../cache/layout.ts';
import type { CacheShape } from '../../cache/memory.ts';
import { type GpuSpan, placesOf } from './span.ts';
import { type GpuMemory, type GpuPage, GpuStore } from './store.ts';

/** A piece of a page that new rows go into. */
export interface AppendTarget {
  readonly part: 'keys' | 'values';
  readonly page: GPUBuffer;
  readonly pageTokens: number;
  /** For each page head the model's KV head, u32. */
  readonly heads: GPUBuffer;
  readonly headCount: number;
  readonly firstRow: number;
  readonly count: number;
  readonly slot: number;
}

export class GpuPodCache extends LaidOutCache<GpuStore> {
  readonly #memory: GpuMemory;
  /** Small tables of head numbers and places, by what they say. */
  readonly #tables = new Map<string, GPUBuffer>();

  constructor(shape: CacheShape, memory: GpuMemory) {
    const createStore = (heads: readonly number[], pageTokens: number) =>
      new GpuStore(memory, heads, shape.headSize, pageTokens);
    super(new CacheLayout(shape, createStore, byLeader));
    this.#memory = memory;
  }

  /** Makes room for `rows` new tokens of a layer and says where their keys and values go. */
  extend(layer: number, rows: number): AppendTarget[] {
    return this.layout.units(layer).flatMap((unit) => {
      const into = (part: AppendTarget['part'], store: GpuStore, pages: readonly GpuPage[], before: number) =>
        pages.map(({ buffer, slot, start, end }) => ({
          part,
          page: buffer,
          pageTokens: store.pageTokens,
          heads: this.#table([...store.heads]),
          headCount: store.heads.length,
          firstRow: start - before,
          count: end - start,
          slot,
        }));
      const start = unit.values.end;
      const values = into('values', unit.values, unit.values.extend(rows), start);
      if (!follows(unit)) return [...values, ...into('keys', unit.keys, unit.keys.extend(rows), start)];
      const missing = newSinks(unit, rows, this.proximity);
      const sinks = missing > 0 ? into('keys', unit.sinks, unit.sinks.extend(missing), start) : [];
      return [...values, ...sinks, ...into('keys', unit.recent, unit.recent.extend(rows), start)];
    });
  }

  /** The spans that queries at `from`..`to` of a layer attend to (as `PodCache.spans`), page by page. */
  spans(layer: number, from: number, to: number, windowAt: number): GpuSpan[] {
    return this.layout
      .units(layer)
      .flatMap((unit, number) =>
        this.layout
          .ranges(unit, from, to, windowAt)
          .flatMap(({ keys, holder, start, end }) => this.#pair(unit, number, keys, holder, start, end)),
      );
  }

  override clear(): void {
    super.clear();
    for (const table of this.#tables.values()) this.#memory.destroy(table, table.size);
    this.#tables.clear();
  }

  #pair(
    unit: Unit<GpuStore>,
    number: number,
    keys: GpuStore,
    holder: Unit<GpuStore>,
    start: number,
    end: number,
  ): GpuSpan[] {
    const places = unit.heads.map((head, inValuePage) => ({
      head,
      inKeyPage: holder.heads.indexOf(head),
      inValuePage,
    }));
    const table = this.#table([...placesOf(places)]);
    return keys.pieces(start, end).flatMap((key) =>
      unit.values.pieces(key.start, key.end).map((value) => ({
        unit: number,
        heads: unit.heads.length,
        start: value.start,
        end: value.end,
        keys: key.buffer,
        keySlot: key.slot + value.start - key.start,
        keyPageTokens: keys.pageTokens,
        values: value.buffer,
        valueSlot: value.slot,
        valuePageTokens: unit.values.pageTokens,
        places: table,
      })),
    );
  }

  #table(words: readonly number[]): GPUBuffer {
    const key = words.join(' ');
    const known = this.#tables.get(key);
    if (known) return known;
    const table = this.#memory.create(Math.max(16, words.length * 4), 'KV heads');
    this.#memory.device.queue.writeBuffer(table, 0, Uint32Array.from(words));
    this.#tables.set(key, table);
    return table;
  }
}
