import { pageBytes } from '../../cache/memory.ts';

/**
 * An append-only run of f16 vectors in fixed pages, from token `first` on. Pages at the front can be let go when nothing
 * looks at them any more, tokens at the end can be taken back; nothing is ever copied to grow.
 */
export interface HalfRun {
  /** Bits of f16 elements: tokens × width. */
  readonly data: Uint16Array;
  readonly start: number;
  readonly end: number;
}

export class HalfStore {
  readonly width: number;
  readonly pageTokens: number;
  /** Pages by number; page p holds tokens p·pageTokens … */
  readonly #pages = new Map<number, Uint16Array>();
  #end = 0;

  constructor(width: number, pageTokens: number) {
    this.width = width;
    this.pageTokens = pageTokens;
  }

  /** One past the last token. */
  get end(): number {
    return this.#end;
  }

  get bytes(): number {
    return this.#pages.size * pageBytes(this.pageTokens, this.width);
  }

  /** Adds tokens at the end. `rows`: tokens × width f16 bits. */
  append(rows: Uint16Array): void {
    for (let taken = 0; taken < rows.length; ) {
      const within = this.#end % this.pageTokens;
      const tokens = Math.min(this.pageTokens - within, (rows.length - taken) / this.width);
      const slice = rows.subarray(taken, taken + tokens * this.width);
      this.#page(Math.floor(this.#end / this.pageTokens)).set(slice, within * this.width);
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
  run(from: number, to: number): HalfRun {
    const number = Math.floor(from / this.pageTokens);
    const page = this.#pages.get(number);
    const end = Math.min(to, this.#end, (number + 1) * this.pageTokens);
    if (!page || end <= from) throw new RangeError(`tokens ${from}–${to} are not in the store (end ${this.#end})`);
    const base = number * this.pageTokens;
    return { data: page.subarray((from - base) * this.width, (end - base) * this.width), start: from, end };
  }

  clear(): void {
    this.#pages.clear();
    this.#end = 0;
  }

  #page(number: number): Uint16Array {
    const present = this.#pages.get(number);
    if (present) return present;
    const page = new Uint16Array(this.pageTokens * this.width);
    this.#pages.set(number, page);
    return page;
  }
}
