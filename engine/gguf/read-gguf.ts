/**
 * Reads the head of a GGUF file: its keys, and where each tensor lies (ggml/docs/gguf.md). Files are hostile: every length and count
 * is held against what the file still has before anything is allocated for it, and weights are never read here.
 *
 * Not `@huggingface/gguf` (0.4.6 was tried): it holds counts against fixed limits and not against the file, makes a JavaScript value of every
 * array element, and does not ask whether tensors lie within the file: one that was cut short is read without a word.
 */
import { ProximaError } from '../errors.ts';
import type { ByteSource } from '../model/source.ts';
import { STRIDE, StringList } from './string-list.ts';
import { tensorType } from './tensor-types.ts';

export type NumberArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

export type GgufValue = number | boolean | string | NumberArray | StringList;

export interface GgufTensor {
  readonly name: string;
  /** Sizes as the file has them, the innermost first: a matrix of [columns, rows]. */
  readonly sizes: readonly number[];
  /** ggml_type. */
  readonly type: number;
  /** In the file; `bytes` is 0 for types that Proxima does not know. */
  readonly offset: number;
  readonly bytes: number;
}

export interface Gguf {
  readonly name: string;
  readonly source: ByteSource;
  readonly keys: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

const MAGIC = 0x46554747;
const VERSIONS: ReadonlySet<number> = new Set([2, 3]);
const FIRST_PIECE = 1 << 20;
/** The longest head of a real file, a vocabulary of 260,000 tokens, has some 20 MB. */
const LONGEST_HEAD = 256 << 20;
/** Of keys and tensors, in bytes; real ones have less than a hundred. */
const LONGEST_NAME = 256;
const SHOWN_LENGTH = 60;
const MOST_SIZES = 4;
const DEFAULT_ALIGNMENT = 32;

/** Element types of keys (gguf_metadata_value_type). */
const STRING = 8;
const ARRAY = 9;
const BOOLEAN = 7;
const WIDTHS: Readonly<Record<number, number>> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  4: 4,
  5: 4,
  6: 4,
  7: 1,
  10: 8,
  11: 8,
  12: 8,
};

/** Rejects with `gguf-damaged`. name: of the file, for what is said about it. */
export async function readGguf(source: ByteSource, name: string): Promise<Gguf> {
  let length = Math.min(FIRST_PIECE, source.size);
  while (true) {
    const bytes = await source.read(0, length);
    try {
      return { name, source, ...readHead(new HeadReader(bytes, source.size, name)) };
    } catch (cause) {
      if (!(cause instanceof NeedsMore)) throw cause;
      length = Math.min(source.size, Math.max(2 * length, cause.end));
      if (length > LONGEST_HEAD) throw damagedGguf(name, `its head is longer than ${LONGEST_HEAD} bytes`);
    }
  }
}

export function damagedGguf(name: string, reason: string): ProximaError {
  return new ProximaError('gguf-damaged', { file: name, reason });
}

/** Text of a file as it may stand in a sentence. */
export function legible(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '?').slice(0, SHOWN_LENGTH);
}

/** The head goes on behind what was read of it. */
class NeedsMore extends Error {
  readonly end: number;

  constructor(end: number) {
    super('the head is longer');
    this.end = end;
  }
}

class HeadReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #decoder = new TextDecoder();
  readonly fileSize: number;
  readonly name: string;
  position = 0;

  constructor(bytes: Uint8Array, fileSize: number, name: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.fileSize = fileSize;
    this.name = name;
  }

  /** Where the next `length` bytes begin; they are passed over. */
  take(length: number): number {
    const start = this.position;
    const end = start + length;
    if (end > this.fileSize) throw damagedGguf(this.name, `it ends in the middle of its head`);
    if (end > this.#bytes.byteLength) throw new NeedsMore(end);
    this.position = end;
    return start;
  }

  uint32(): number {
    return this.#view.getUint32(this.take(4), true);
  }

  /** A length, count or offset. */
  size(): number {
    // Without BigInts: of millions of lengths they would be megabytes to collect.
    const value = unsigned(this.#view, this.take(8));
    if (value <= this.fileSize) return value;
    throw damagedGguf(
      this.name,
      `it names a place or length of ${value} bytes and has only ${this.fileSize}: part of it is missing`,
    );
  }

  text(): string {
    const length = this.size();
    const start = this.take(length);
    return this.#decoder.decode(this.#bytes.subarray(start, start + length));
  }

  /** Of a key or a tensor: short, and without what a sentence can't hold. */
  identifier(): string {
    const length = this.size();
    if (length > LONGEST_NAME) throw damagedGguf(this.name, `a name in it has ${length} bytes`);
    const start = this.take(length);
    const text = this.#decoder.decode(this.#bytes.subarray(start, start + length));
    if (/^[\x21-\x7e]+$/.test(text)) return text;
    throw damagedGguf(this.name, `it has a name that is none: ${legible(text)}`);
  }

  scalar(type: number): number | boolean | string {
    if (type === STRING) return this.text();
    const value = this.numbers(type, 1)[0] ?? 0;
    return type === BOOLEAN ? value !== 0 : value;
  }

  numbers(type: number, count: number): NumberArray {
    const width = WIDTHS[type];
    if (width === undefined) throw damagedGguf(this.name, `a key in it has the unknown type ${type}`);
    const start = this.take(count * width);
    const wide = WIDE[type];
    if (wide) return widened(this.#view, start, count, wide);
    const copy = this.#bytes.slice(start, start + count * width).buffer;
    return TYPED[type]?.(copy) ?? new Uint8Array(copy);
  }

  strings(count: number): StringList {
    // Every string has eight bytes of length at least.
    if (count * 8 > this.fileSize - this.position) throw damagedGguf(this.name, `it has no room for ${count} strings`);
    if (this.position + count * 8 > this.#bytes.byteLength) throw new NeedsMore(this.position + count * 8);
    const places = new Uint32Array(Math.ceil(count / STRIDE));
    for (let index = 0; index < count; index++) {
      if (index % STRIDE === 0) places[index / STRIDE] = this.position;
      this.take(this.size());
    }
    return new StringList(this.#bytes, places, count);
  }

  value(type: number): GgufValue {
    if (type !== ARRAY) return this.scalar(type);
    const element = this.uint32();
    const count = this.size();
    if (element === ARRAY) throw damagedGguf(this.name, 'an array in it holds arrays');
    return element === STRING ? this.strings(count) : this.numbers(element, count);
  }
}

const HIGH = 2 ** 32;
const unsigned = (view: DataView, at: number) => view.getUint32(at + 4, true) * HIGH + view.getUint32(at, true);
const signed = (view: DataView, at: number) => view.getInt32(at + 4, true) * HIGH + view.getUint32(at, true);
const WIDE: Readonly<Record<number, typeof unsigned>> = { 10: unsigned, 11: signed };

/** Whole numbers of 64 bits as floats, read one by one: a copy beside would make three of the file. */
function widened(view: DataView, start: number, count: number, read: typeof unsigned): Float64Array {
  const values = new Float64Array(count);
  for (let index = 0; index < count; index++) values[index] = read(view, start + 8 * index);
  return values;
}

const TYPED: Readonly<Record<number, (bytes: ArrayBuffer) => NumberArray>> = {
  0: (bytes) => new Uint8Array(bytes),
  1: (bytes) => new Int8Array(bytes),
  2: (bytes) => new Uint16Array(bytes),
  3: (bytes) => new Int16Array(bytes),
  4: (bytes) => new Uint32Array(bytes),
  5: (bytes) => new Int32Array(bytes),
  6: (bytes) => new Float32Array(bytes),
  7: (bytes) => new Uint8Array(bytes),
  12: (bytes) => new Float64Array(bytes),
};

function readHead(reader: HeadReader): Pick<Gguf, 'keys' | 'tensors'> {
  if (reader.fileSize < 24 || reader.uint32() !== MAGIC)
    throw damagedGguf(reader.name, 'it does not begin as a GGUF file does');
  const version = reader.uint32();
  if (!VERSIONS.has(version)) throw damagedGguf(reader.name, `it has version ${version}; versions 2 and 3 can be read`);
  const tensorCount = reader.size();
  const keyCount = reader.size();
  const keys = new Map<string, GgufValue>();
  for (let index = 0; index < keyCount; index++) {
    const key = reader.identifier();
    if (keys.has(key)) throw damagedGguf(reader.name, `it has the key ${key} twice`);
    keys.set(key, reader.value(reader.uint32()));
  }
  const described = Array.from(readTensors(reader, tensorCount));
  return { keys, tensors: placed(reader, described, alignmentOf(reader.name, keys)) };
}

function* readTensors(reader: HeadReader, count: number): Iterable<Omit<GgufTensor, 'bytes'>> {
  for (let index = 0; index < count; index++) {
    const name = reader.identifier();
    const dimensions = reader.uint32();
    if (dimensions < 1 || dimensions > MOST_SIZES)
      throw damagedGguf(reader.name, `${name} has ${dimensions} dimensions`);
    // A byte holds at least one element of any type but the smallest, of which it holds eight.
    const sizes = Array.from({ length: dimensions }, () => sizeOf(reader, name));
    yield { name, sizes, type: reader.uint32(), offset: reader.size() };
  }
}

function sizeOf(reader: HeadReader, name: string): number {
  const size = reader.size();
  if (size === 0) throw damagedGguf(reader.name, `${name} has a dimension of 0`);
  return size;
}

function alignmentOf(name: string, keys: ReadonlyMap<string, GgufValue>): number {
  const alignment = keys.get('general.alignment') ?? DEFAULT_ALIGNMENT;
  const valid = typeof alignment === 'number' && alignment >= 8 && alignment <= 1 << 16 && alignment % 8 === 0;
  if (!valid) throw damagedGguf(name, 'its alignment is no multiple of 8');
  return alignment;
}

/** The tensors with their places in the file, which must lie within it and apart from each other. */
function placed(
  reader: HeadReader,
  described: readonly Omit<GgufTensor, 'bytes'>[],
  alignment: number,
): ReadonlyMap<string, GgufTensor> {
  const base = Math.ceil(reader.position / alignment) * alignment;
  const tensors = described.map((each) => ({ ...each, offset: base + each.offset, bytes: bytesOf(reader.name, each) }));
  let end = base;
  for (const { name, offset, bytes } of tensors.toSorted((one, other) => one.offset - other.offset)) {
    if (offset < end) throw damagedGguf(reader.name, `${name} lies where another tensor lies`);
    end = offset + bytes;
    if (end > reader.fileSize)
      throw damagedGguf(reader.name, `it ends before the end of ${name}; part of it is missing`);
  }
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  if (byName.size < tensors.length) throw damagedGguf(reader.name, 'it has two tensors of one name');
  return byName;
}

function bytesOf(file: string, { name, sizes, type }: Omit<GgufTensor, 'bytes'>): number {
  const known = tensorType(type);
  if (!known) return 0;
  const [columns = 0] = sizes;
  if (columns % known.block !== 0)
    throw damagedGguf(file, `a row of ${name} has ${columns} elements, no whole blocks of ${known.name}`);
  return (sizes.reduce((product, size) => product * size, 1) / known.block) * known.bytes;
}
