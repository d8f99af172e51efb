/** The cache in GPU buffers: KV heads of which the plan says the same lie together. What it keeps where: `layout.ts`. */

import type { Format } from '../../cache/format.ts';
import { LaidOutCache } from '../../cache/laid-out-cache.ts';
import { byPlan, CacheLayout, type Kept, type Range, tells, type Unit } from '../../cache/layout.ts';
import type { CacheShape } from '../../cache/memory.ts';
import { type GpuSpan, type PagePart, placesOf } from './span.ts';
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

/** Tokens that leave the window: from an f16 page into one of another format, all heads of both. */
export interface Rounding {
  readonly from: PagePart;
  readonly into: PagePart;
  readonly headCount: number;
  readonly count: number;
}

/** What is to be done for new rows of a layer, in this order. */
export interface Extension {
  readonly appends: readonly AppendTarget[];
  readonly roundings: readonly Rounding[];
}

export class GpuPodCache extends LaidOutCache<GpuStore> {
  readonly #memory: GpuMemory;
  /** Small tables of head numbers and places, by what they say. */
  readonly #tables = new Map<string, GPUBuffer>();

  constructor(shape: CacheShape, memory: GpuMemory) {
    super(new CacheLayout(shape, (store) => new GpuStore(memory, store, shape.headSize), byPlan));
    this.#memory = memory;
  }

  /**
   * Makes room for `rows` new tokens of a layer and says where their keys and values go, and what must be rounded before they are
   * looked at. commit: whether they are going to be committed.
   */
  extend(layer: number, rows: number, commit: boolean): Extension {
    const appends: AppendTarget[] = [];
    const roundings: Rounding[] = [];
    for (const unit of this.layout.units(layer)) {
      for (const part of ['values', 'keys'] as const) {
        appends.push(...this.#append(part, unit[part], rows));
        if (commit) roundings.push(...this.#round(unit[part]));
      }
    }
    return { appends, roundings };
  }

  /** The spans that queries at `from`..`to` of a layer attend to (as `PodCache.spans`), page by page. */
  spans(layer: number, from: number, to: number, windowAt: number): GpuSpan[] {
    return this.layout
      .units(layer)
      .flatMap((unit, number) =>
        this.layout.ranges(unit, from, to, windowAt).flatMap((range) => this.#pair(unit, number, range)),
      );
  }

  /** What the keys and values of a layer's spans may be kept in. */
  formats(layer: number): { readonly keys: Format; readonly values: Format }[] {
    const distant = this.layout.units(layer).map(({ keys, values, leader }) => {
      return { keys: (leader?.keys ?? keys).distant?.format, values: values.distant?.format };
    });
    return [
      { keys: 'f16', values: 'f16' },
      ...distant.flatMap(({ keys, values }) => (keys && values ? [{ keys, values }] : [])),
    ];
  }

  /** Of a layer's spans those of KV heads that tell where in a text an answer comes from. */
  telling(layer: number, spans: readonly GpuSpan[]): GpuSpan[] {
    const units = this.layout.units(layer).map(tells);
    return spans.filter(({ unit }) => units[unit]);
  }

  override clear(): void {
    super.clear();
    for (const table of this.#tables.values()) this.#memory.destroy(table, table.size);
    this.#tables.clear();
  }

  #append(part: AppendTarget['part'], kept: Kept<GpuStore>, rows: number): AppendTarget[] {
    const before = kept.recent.end;
    const into = (store: GpuStore, pages: readonly GpuPage[]) =>
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
    const sinks = this.layout.newSinks(kept, rows);
    const inSinks = sinks > 0 ? into(kept.sinks, kept.sinks.extend(sinks)) : [];
    return [...inSinks, ...into(kept.recent, kept.recent.extend(rows))];
  }

  #round({ distant, recent, ...kept }: Kept<GpuStore>): Rounding[] {
    const { start, end } = this.layout.leaving({ distant, recent, ...kept });
    if (!distant || end <= start) return [];
    return distant.extend(end - start).flatMap((target) =>
      recent.pieces(target.start, target.end).map((source) => ({
        from: partOf(recent, source, source.start),
        into: partOf(distant, target, source.start),
        headCount: distant.heads.length,
        count: source.end - source.start,
      })),
    );
  }

  #pair(unit: Unit<GpuStore>, number: number, { keys, holder, values, start, end }: Range<GpuStore>): GpuSpan[] {
    const places = unit.heads.map((head, inValuePage) => ({
      head,
      inKeyPage: holder.heads.indexOf(head),
      inValuePage,
    }));
    const table = this.#table([...placesOf(places)]);
    return keys.pieces(start, end).flatMap((key) =>
      values.pieces(key.start, key.end).map((value) => ({
        unit: number,
        heads: unit.heads.length,
        start: value.start,
        end: value.end,
        keys: partOf(keys, key, value.start),
        values: partOf(values, value, value.start),
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

/** The vectors of a page's tokens from `token` on. */
function partOf({ format, pageTokens, firstGrid }: GpuStore, page: GpuPage, token: number): PagePart {
  return { page: page.buffer, format, slot: page.slot + token - page.start, pageTokens, firstGrid };
}
