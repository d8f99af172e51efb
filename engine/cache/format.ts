/**
 * How the elements of distant tokens are kept: as they came (f16), or as levels of a grid with a step of their own.
 *
 *     int8   a step for each vector: x = level · step, level −127…127, step f32
 *     int4   groups of 32 elements: x = lowest + level · step, level 0…15, step and lowest f16 (as ggml's q4_1)
 *
 * A page is its vectors' elements, [heads, tokens, …], and behind them a word for each group, [heads, tokens, groups].
 */
export const FORMATS = ['f16', 'int8', 'int4'] as const;
export type Format = (typeof FORMATS)[number];

/** Formats that distant tokens are rounded to. */
export type RoundedFormat = Exclude<Format, 'f16'>;

const ELEMENT_BITS: Readonly<Record<Format, number>> = { f16: 16, int8: 8, int4: 4 };
const LARGEST_GROUP = 32;
/** Bytes of what a group's levels stand for. */
export const GRID_BYTES = 4;

/** Elements that share a grid: of int4 the largest power of two up to 32 that divides a head. */
export function groupSize(format: RoundedFormat, headSize: number): number {
  if (format === 'int8') return headSize;
  let size = LARGEST_GROUP;
  while (headSize % size !== 0) size /= 2;
  return size;
}

/** Words beside a vector's elements. */
export function groupsOf(format: Format, headSize: number): number {
  return format === 'f16' ? 0 : headSize / groupSize(format, headSize);
}

/** Bytes of one vector's elements. */
export function elementBytes(format: Format, headSize: number): number {
  return (headSize * ELEMENT_BITS[format]) / 8;
}

/** Bytes that a vector takes in all. headSize: a multiple of 8. */
export function vectorBytes(format: Format, headSize: number): number {
  return elementBytes(format, headSize) + groupsOf(format, headSize) * GRID_BYTES;
}
