/**
 * Takes the blocks of GGUF's quantised types apart (ggml-quants.c): whole levels, a scale for each group of them, and the smallest
 * value of a group where the type has one. A weight is scale · level + smallest.
 */

/** Levels of the blocks that are read, one a byte; a group of `group` levels has one scale and one smallest value. */
export interface Levels {
  readonly levels: Uint8Array;
  readonly scales: Float32Array;
  readonly smallest: Float32Array;
}

/** Reads the block at `at` of the file's bytes into `out`, from level `level` and group `group` on. */
type BlockReader = (from: DataView, at: number, out: Levels, level: number, group: number) => void;

/**
 * What is added to levels whose type counts from the middle, so that they count from the middle of the graph's levels: 8 for four
 * bits, 128 for eight, which is where MatMulNBits has its zero unless it is told otherwise.
 */
const MIDDLE_OF_BYTE = 128;

const half = (from: DataView, at: number) => from.getFloat16(at, true);

/** Sixteen bytes of two levels each: the first half of a block in the low bits, the second in the high ones. */
function nibbles(from: DataView, at: number, out: Uint8Array, level: number): void {
  for (let index = 0; index < 16; index++) {
    const byte = from.getUint8(at + index);
    out[level + index] = byte & 15;
    out[level + 16 + index] = byte >> 4;
  }
}

/** As `nibbles`, with a fifth bit of each level from 32 bits that lie apart. */
function fiveBits(from: DataView, at: number, highAt: number, out: Uint8Array, level: number, added: number): void {
  const high = from.getUint32(highAt, true);
  nibbles(from, at, out, level);
  for (let index = 0; index < 32; index++) {
    out[level + index] = (out[level + index] ?? 0) + (((high >>> index) & 1) << 4) + added;
  }
}

/** The eight scales and smallest values of six bits each that K types keep in twelve bytes. */
function sixBits(from: DataView, at: number, index: number): { scale: number; smallest: number } {
  if (index < 4) return { scale: from.getUint8(at + index) & 63, smallest: from.getUint8(at + 4 + index) & 63 };
  const both = from.getUint8(at + 4 + index);
  return {
    scale: (both & 15) | ((from.getUint8(at + index - 4) >> 6) << 4),
    smallest: (both >> 4) | ((from.getUint8(at + index) >> 6) << 4),
  };
}

/** Scales and smallest values of a Q4_K or Q5_K block, which begin it. */
function superBlock(from: DataView, at: number, out: Levels, group: number): void {
  const [scale, smallest] = [half(from, at), half(from, at + 2)];
  for (let index = 0; index < 8; index++) {
    const parts = sixBits(from, at + 4, index);
    out.scales[group + index] = scale * parts.scale;
    out.smallest[group + index] = -smallest * parts.smallest;
  }
}

/** 128 bytes of 256 levels: of every 32 bytes the low bits come first, then the high ones. */
function superNibbles(from: DataView, at: number, out: Uint8Array, level: number): void {
  for (let index = 0; index < 128; index++) {
    const byte = from.getUint8(at + index);
    const place = level + (index >> 5) * 64 + (index & 31);
    out[place] = byte & 15;
    out[place + 32] = byte >> 4;
  }
}

export const BLOCK_READERS: Readonly<Record<string, BlockReader>> = {
  Q4_0(from, at, out, level, group) {
    out.scales[group] = half(from, at);
    nibbles(from, at + 2, out.levels, level);
  },
  Q4_1(from, at, out, level, group) {
    out.scales[group] = half(from, at);
    out.smallest[group] = half(from, at + 2);
    nibbles(from, at + 4, out.levels, level);
  },
  Q5_0(from, at, out, level, group) {
    out.scales[group] = half(from, at);
    fiveBits(from, at + 6, at + 2, out.levels, level, MIDDLE_OF_BYTE - 16);
  },
  Q5_1(from, at, out, level, group) {
    out.scales[group] = half(from, at);
    out.smallest[group] = half(from, at + 2);
    fiveBits(from, at + 8, at + 4, out.levels, level, 0);
  },
  Q8_0(from, at, out, level, group) {
    out.scales[group] = half(from, at);
    for (let index = 0; index < 32; index++) out.levels[level + index] = from.getInt8(at + 2 + index) + MIDDLE_OF_BYTE;
  },
  Q4_K(from, at, out, level, group) {
    superBlock(from, at, out, group);
    superNibbles(from, at + 16, out.levels, level);
  },
  Q5_K(from, at, out, level, group) {
    superBlock(from, at, out, group);
    superNibbles(from, at + 48, out.levels, level);
    for (let index = 0; index < 256; index++) {
      const fifth = (from.getUint8(at + 16 + (index & 31)) >> (index >> 5)) & 1;
      out.levels[level + index] = (out.levels[level + index] ?? 0) | (fifth << 4);
    }
  },
  Q6_K(from, at, out, level, group) {
    const scale = half(from, at + 208);
    for (let index = 0; index < 16; index++) out.scales[group + index] = scale * from.getInt8(at + 192 + index);
    for (let index = 0; index < 256; index++) {
      const [part, within] = [index >> 7, index & 127];
      const low = from.getUint8(at + part * 64 + (within & 63)) >> (within >> 6 === 0 ? 0 : 4);
      const high = from.getUint8(at + 128 + part * 32 + (within & 31)) >> (2 * (within >> 5));
      out.levels[level + index] = (low & 15) + ((high & 3) << 4) + MIDDLE_OF_BYTE - 32;
    }
  },
};
