/**
 * Many strings as they lie in a file, each behind its length, decoded when they are asked for. A list of millions costs little more than
 * its bytes: only every sixteenth place is noted, and the strings between are walked.
 */
export class StringList implements Iterable<string> {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Where the length of every `STRIDE`th string stands. */
  readonly #places: Uint32Array;
  readonly length: number;
  readonly #decoder = new TextDecoder();

  /** places: of strings 0, STRIDE, 2 · STRIDE …, whose lengths were all found to lie within the bytes. */
  constructor(bytes: Uint8Array, places: Uint32Array, length: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#places = places;
    this.length = length;
  }

  at(index: number): string | undefined {
    if (!(index >= 0 && index < this.length)) return undefined;
    let place = this.#places[Math.floor(index / STRIDE)] ?? 0;
    for (let walked = index - (index % STRIDE); walked < index; walked++) place = this.#behind(place);
    return this.#textAt(place);
  }

  *[Symbol.iterator](): Iterator<string> {
    let place = this.#places[0] ?? 0;
    for (let index = 0; index < this.length; index++) {
      yield this.#textAt(place);
      place = this.#behind(place);
    }
  }

  #behind(place: number): number {
    return place + 8 + this.#lengthAt(place);
  }

  /** Lengths fit into a head, which is far below 2³² bytes. */
  #lengthAt(place: number): number {
    return this.#view.getUint32(place, true);
  }

  #textAt(place: number): string {
    return this.#decoder.decode(this.#bytes.subarray(place + 8, this.#behind(place)));
  }
}

export const STRIDE = 16;
