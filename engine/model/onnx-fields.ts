/**
 * Walks the fields of a protobuf message that lies in a byte source, without reading what it passes over.
 * The wire format is the public one (protobuf.dev, "Encoding"); values are decoded with @bufbuild/protobuf.
 */
import type { ByteSource } from './source.ts';

/** One field of a message: `start`..`end` is its payload, without tag and length. */
export interface Field {
  readonly number: number;
  readonly wireType: number;
  readonly start: number;
  readonly end: number;
  /** The value of a varint field. */
  readonly value: number;
}

const WINDOW_BYTES = 1 << 16;
const LONGEST_VARINT = 10;

/** Reads small pieces through a window, so that headers a few bytes long don't cost a read each. */
class WindowedReader {
  readonly #source: ByteSource;
  #start = 0;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(source: ByteSource) {
    this.#source = source;
  }

  async varint(offset: number): Promise<{ value: number; next: number }> {
    const local = await this.#load(offset);
    let value = 0;
    for (let index = 0; index < LONGEST_VARINT; index++) {
      const byte = this.#bytes[local + index];
      if (byte === undefined) break;
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return { value, next: offset + index + 1 };
    }
    throw new RangeError(`no varint at byte ${offset}`);
  }

  async #load(offset: number): Promise<number> {
    const within = offset - this.#start;
    if (within >= 0 && within + LONGEST_VARINT <= this.#bytes.byteLength) return within;
    const length = Math.min(WINDOW_BYTES, this.#source.size - offset);
    if (length <= 0) throw new RangeError(`no byte at ${offset}`);
    this.#start = offset;
    this.#bytes = await this.#source.read(offset, length);
    return 0;
  }
}

export class FieldWalker {
  readonly #source: ByteSource;
  readonly #reader: WindowedReader;

  constructor(source: ByteSource) {
    this.#source = source;
    this.#reader = new WindowedReader(source);
  }

  /** The fields of the message at `start`..`end`, in file order. Throws RangeError on malformed bytes. */
  async fields(start: number, end: number): Promise<Field[]> {
    const found: Field[] = [];
    for (let offset = start; offset < end; ) {
      const field = await this.#field(offset, end);
      found.push(field);
      offset = field.end;
    }
    return found;
  }

  payload(field: Field): Promise<Uint8Array> {
    return this.#source.read(field.start, field.end - field.start);
  }

  async #field(offset: number, limit: number): Promise<Field> {
    const tag = await this.#reader.varint(offset);
    const number = Math.floor(tag.value / 8);
    const wireType = tag.value % 8;
    const { start, end, value } = await this.#extent(wireType, tag.next);
    if (number === 0 || end > limit) throw new RangeError(`field ${number} at byte ${offset} runs past its message`);
    return { number, wireType, start, end, value };
  }

  async #extent(wireType: number, offset: number): Promise<{ start: number; end: number; value: number }> {
    switch (wireType) {
      case 0: {
        const { value, next } = await this.#reader.varint(offset);
        return { start: offset, end: next, value };
      }
      case 1:
        return { start: offset, end: offset + 8, value: 0 };
      case 2: {
        const length = await this.#reader.varint(offset);
        return { start: length.next, end: length.next + length.value, value: 0 };
      }
      case 5:
        return { start: offset, end: offset + 4, value: 0 };
      default:
        throw new RangeError(`wire type ${wireType} at byte ${offset}`);
    }
  }
}
