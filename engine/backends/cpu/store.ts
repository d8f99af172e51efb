/**
 * An append-only run of vectors of one KV head in fixed pages, kept in the store's format: what is added in f16 is rounded to it.
 * Pages at the front can be let go when nothing looks at them any more, tokens at the end can be taken back; nothing is ever copied
 * to grow.
 */
import { part, roundInto, type Vectors } from '../../attention/vectors.ts';
import { elementBytes, type Format } from '../../cache/format.ts';
import type { TokenStore } from '../../cache/layout.ts';
import { pageBytes } from '../../cache/memory.ts';

export interface Run {
  readonly vectors: Vectors;
  readonly start: number;
  readonly end: number;
}

export class VectorStore implements TokenStore {
  readonly format: Format;
  readonly headSize: number;
  readonly pageTokens: number;
  /** Pages by number; page p holds tokens p·pageTokens … */
  readonly #pages = new Map<number, Vectors>();
  #end = 0;

  constructor(format: Format, headSize: number, pageTokens: number) {
    this.format = format;
    this.headSize = headSize;
    this.pageTokens = pageTokens;
  }

  /** One past the last token. */
  get end(): number {
    return this.#end;
  }

  get bytes(): number {
    return this.#pages.size * pageBytes(this.format, this.pageTokens, this.headSize);
  }

  /** Adds tokens at the end. rows: tokens × head size f16 bits. */
  append(rows: Uint16Array): void {
    for (let taken = 0; taken < rows.length; ) {
      const within = this.#end % this.pageTokens;
      const tokens = Math.min(this.pageTokens - within, (rows.length - taken) / this.headSize);
      const slice = rows.subarray(taken, taken + tokens * this.headSize);
      const page = this.#page(Math.floor(this.#end / this.pageTokens));
      const target = part(page, this.pageTokens, within, within + tokens);
      if (target.format === 'f16') target.elements.set(slice);
      else roundInto(target, slice, this.headSize);
      taken += slice.length;
      this.#end += tokens;
    }
  }

  /** Takes back every token from `end` on. */
  truncate(end: number): void {
    if (end >= this.#end) return;
    this.#end = end;
    for (const number of this.#pages.keys()) if (number * this.pageTokens >= end) this.#pages.delete(number);
  }

  /** Lets go of the pages that hold only tokens before `start`. */
  forgetBefore(start: number): void {
    for (const number of this.#pages.keys()) if ((number + 1) * this.pageTokens <= start) this.#pages.delete(number);
  }

  /** The run of tokens from `from` up to the end of its page, `to`, or the store's end. */
  run(from: number, to: number): Run {
    const number = Math.floor(from / this.pageTokens);
    const page = this.#pages.get(number);
    const end = Math.min(to, this.#end, (number + 1) * this.pageTokens);
    if (!page || end <= from) throw new RangeError(`tokens ${from}–${to} are not in the store (end ${this.#end})`);
    const base = number * this.pageTokens;
    return { vectors: part(page, this.pageTokens, from - base, end - base), start: from, end };
  }

  clear(): void {
    this.#pages.clear();
    this.#end = 0;
  }

  #page(number: number): Vectors {
    const present = this.#pages.get(number);
    if (present) return present;
    const page = this.#createPage();
    this.#pages.set(number, page);
    return page;
  }

  /** Elements and what stands beside them lie in one piece of memory, as on the GPU. */
  #createPage(): Vectors {
    const { format } = this;
    const memory = new ArrayBuffer(pageBytes(format, this.pageTokens, this.headSize));
    const beside = this.pageTokens * elementBytes(format, this.headSize);
    if (format === 'f16') return { format, elements: new Uint16Array(memory) };
    if (format === 'int8')
      return { format, elements: new Int8Array(memory, 0, beside), grids: new Float32Array(memory, beside) };
    return { format, elements: new Uint8Array(memory, 0, beside), grids: new Uint16Array(memory, beside) };
  }
}
