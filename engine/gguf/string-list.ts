/** Many strings as they lie in a file, decoded when they are asked for: a list of a million names costs no more than its bytes. */
export class StringList implements Iterable<string> {
  readonly #bytes: Uint8Array;
  /** Where each string begins and ends, one behind the other. */
  readonly #borders: Uint32Array;
  readonly #decoder = new TextDecoder();

  constructor(bytes: Uint8Array, borders: Uint32Array) {
    this.#bytes = bytes;
    this.#borders = borders;
  }

  get length(): number {
    return this.#borders.length / 2;
  }

  at(index: number): string | undefined {
    const [start, end] = [this.#borders[2 * index], this.#borders[2 * index + 1]];
    return start === undefined ? undefined : this.#decoder.decode(this.#bytes.subarray(start, end));
  }

  *[Symbol.iterator](): Iterator<string> {
    for (let index = 0; index < this.length; index++) yield this.at(index) ?? '';
  }
}
