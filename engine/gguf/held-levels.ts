/**
 * Rows of a quantised GGUF tensor as the graph holds them: MatMulNBits with whole zero points, and for types with a smallest value a
 * remainder for each block, so that scale · (level − zero) + remainder is the stored weight. Zero points that are floats would hold the
 * same without remainders; onnxruntime 1.30 takes them for four bits only, on its slow way (one row 8 ms instead of 0.09), not for
 * eight, and not on WebGPU. The zero is the nearest whole one to where the weight would be 0: so the levels that are multiplied with
 * rounded activations are as small as those of a type without smallest values.
 */
import { BLOCK_READERS, type Levels } from './block-levels.ts';
import type { LevelStorage, TensorType } from './tensor-types.ts';

/** Of some rows, in the layout of MatMulNBits. */
export interface HeldLevels {
  readonly levels: Uint8Array;
  readonly scales: Float32Array;
  /** One a block, packed as the levels are; only where the type has smallest values. */
  readonly zeros: Uint8Array;
  /** One a block; only where the type has smallest values. */
  readonly remainders: Float32Array;
}

/** bytes: whole rows; where zeros lie two a byte, rows have an even number of blocks. */
export function holdLevels(bytes: Uint8Array, type: TensorType, storage: LevelStorage): HeldLevels {
  const raw = readLevels(bytes, type, storage);
  const { zeros, remainders } = storage.minima ? zerosOf(raw, storage.bits) : NO_ZEROS;
  return {
    levels: storage.bits === 4 ? pairs(raw.levels) : raw.levels,
    scales: raw.scales,
    zeros: storage.bits === 4 ? pairs(zeros) : zeros,
    remainders,
  };
}

const NO_ZEROS = { zeros: new Uint8Array(0), remainders: new Float32Array(0) };

function readLevels(bytes: Uint8Array, type: TensorType, { block }: LevelStorage): Levels {
  const read = BLOCK_READERS[type.name];
  const count = bytes.byteLength / type.bytes;
  const groups = type.block / block;
  const out = {
    levels: new Uint8Array(count * type.block),
    scales: new Float32Array(count * groups),
    smallest: new Float32Array(count * groups),
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let index = 0; index < count; index++) {
    read?.(view, index * type.bytes, out, index * type.block, index * groups);
  }
  return out;
}

function zerosOf({ scales, smallest }: Levels, bits: 4 | 8): { zeros: Uint8Array; remainders: Float32Array } {
  const largest = 2 ** bits - 1;
  const zeros = new Uint8Array(scales.length);
  const remainders = new Float32Array(scales.length);
  for (let index = 0; index < scales.length; index++) {
    const [scale, least] = [scales[index] ?? 0, smallest[index] ?? 0];
    const zero = scale === 0 ? 0 : Math.min(largest, Math.max(0, Math.round(-least / scale)));
    zeros[index] = zero;
    remainders[index] = least + scale * zero;
  }
  return { zeros, remainders };
}

/** Two levels a byte, the first in the low bits. */
function pairs(levels: Uint8Array): Uint8Array {
  const packed = new Uint8Array(levels.length / 2);
  for (let index = 0; index < packed.length; index++) {
    packed[index] = (levels[2 * index] ?? 0) | ((levels[2 * index + 1] ?? 0) << 4);
  }
  return packed;
}
