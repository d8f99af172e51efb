/** Writes GGUF files (ggml/docs/gguf.md), so that a model's own weights can come back as one. */

/** A text, a whole number from 0 on, or lists of them; `{ float }` for other numbers. */
export type KeyValue = string | number | { readonly float: number } | readonly string[] | readonly number[];

/** ggml_type. */
export const GgmlType = { F32: 0, Q4_0: 2, Q8_0: 8 } as const;
type GgmlType = (typeof GgmlType)[keyof typeof GgmlType];

export interface WrittenTensor {
  readonly name: string;
  /** The innermost first. */
  readonly sizes: readonly number[];
  readonly type: GgmlType;
  readonly data: Uint8Array;
}

const ALIGNMENT = 32;
const BLOCK = 32;
const [UINT32, FLOAT32, STRING, ARRAY] = [4, 6, 8, 9];

export function writeGguf(keys: Readonly<Record<string, KeyValue>>, tensors: readonly WrittenTensor[]): Buffer {
  const entries = Object.entries(keys);
  let offset = 0;
  const described = tensors.map(({ name, sizes, type, data }) => {
    const at = offset;
    offset += Math.ceil(data.byteLength / ALIGNMENT) * ALIGNMENT;
    return [text(name), uint32(sizes.length), ...sizes.map(uint64), uint32(type), uint64(at)];
  });
  const head = Buffer.concat([
    Buffer.from('GGUF'),
    uint32(3),
    uint64(tensors.length),
    uint64(entries.length),
    ...entries.flatMap(([key, value]) => [text(key), encoded(value)]),
    ...described.flat(),
  ]);
  return Buffer.concat([aligned(head), ...tensors.map(({ data }) => aligned(data))]);
}

function encoded(value: KeyValue): Buffer {
  if (typeof value === 'string') return Buffer.concat([uint32(STRING), text(value)]);
  if (typeof value === 'number') return Buffer.concat([uint32(UINT32), uint32(value)]);
  if ('float' in value) return Buffer.concat([uint32(FLOAT32), Buffer.from(Float32Array.of(value.float).buffer)]);
  const elements = value.map((each) => (typeof each === 'string' ? text(each) : uint32(each)));
  const type = typeof value[0] === 'string' ? STRING : UINT32;
  return Buffer.concat([uint32(ARRAY), uint32(type), uint64(value.length), ...elements]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function aligned(bytes: Uint8Array): Uint8Array {
  const filled = new Uint8Array(Math.ceil(bytes.byteLength / ALIGNMENT) * ALIGNMENT);
  filled.set(bytes);
  return filled;
}

/** Whole numbers of a type, counted from the middle, and a scale for every block of 32. */
export interface Quantised {
  readonly levels: Int8Array;
  readonly scales: Float32Array;
}

/** As llama.cpp rounds (quantize_row_q8_0_ref, quantize_row_q4_0_ref): the element that is farthest from 0 fills the range. */
export function quantise(weights: Float32Array, type: 'Q4_0' | 'Q8_0'): Quantised {
  const levels = new Int8Array(weights.length);
  const scales = new Float32Array(weights.length / BLOCK);
  for (let block = 0; block < scales.length; block++) {
    const own = weights.subarray(block * BLOCK, (block + 1) * BLOCK);
    const peak = own.reduce((most, each) => (Math.abs(each) > Math.abs(most) ? each : most), 0);
    const scale = type === 'Q8_0' ? Math.abs(peak) / 127 : peak / -8;
    const [least, most] = type === 'Q8_0' ? [-127, 127] : [-8, 7];
    scales[block] = Math.f16round(scale);
    for (const [index, weight] of own.entries()) {
      const level = scale === 0 ? 0 : Math.round(weight / scale);
      levels[block * BLOCK + index] = Math.min(most, Math.max(least, level));
    }
  }
  return { levels, scales };
}

/** The blocks of a file: a scale of two bytes, then the levels. */
export function blocksOf({ levels, scales }: Quantised, type: 'Q4_0' | 'Q8_0'): Uint8Array {
  const bytes = type === 'Q8_0' ? BLOCK : BLOCK / 2;
  const out = new DataView(new ArrayBuffer(scales.length * (2 + bytes)));
  for (const [block, scale] of scales.entries()) {
    const at = block * (2 + bytes);
    out.setFloat16(at, scale, true);
    for (let index = 0; index < bytes; index++) {
      const level = (place: number) => levels[block * BLOCK + place] ?? 0;
      if (type === 'Q8_0') out.setInt8(at + 2 + index, level(index));
      else out.setUint8(at + 2 + index, (level(index) + 8) | ((level(index + 16) + 8) << 4));
    }
  }
  return new Uint8Array(out.buffer);
}
