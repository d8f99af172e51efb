/**
 * Runs of vectors in the formats of `cache/format.ts`, and what their elements are as numbers: the truth that kernels and graphs
 * are tested against. Rounding is to nearest, halves upwards, in f32 steps.
 */
import { type Format, groupSize } from '../cache/format.ts';
import { asNumbers, numbersByBits } from './half.ts';

export type Vectors =
  /** Bits, as they came. */
  | { readonly format: 'f16'; readonly elements: Uint16Array }
  /** A step a vector. */
  | { readonly format: 'int8'; readonly elements: Int8Array; readonly grids: Float32Array }
  /** Two levels a byte, the first in its lower half; step and lowest element of each group, as f16 bits. */
  | { readonly format: 'int4'; readonly elements: Uint8Array; readonly grids: Uint16Array };

export type RoundedVectors = Exclude<Vectors, { format: 'f16' }>;

const MOST_LEVEL = { int8: 127, int4: 15 } as const;

export function halfVectors(elements: Uint16Array): Vectors {
  return { format: 'f16', elements };
}

/** Vectors `from`..`to` of `count`. */
export function part(vectors: Vectors, count: number, from: number, to: number): Vectors {
  if (from === 0 && to === count) return vectors;
  const cut = <Data extends { readonly length: number; subarray(from: number, to: number): Data }>(data: Data) =>
    data.subarray((from * data.length) / count, (to * data.length) / count);
  switch (vectors.format) {
    case 'f16':
      return { format: 'f16', elements: cut(vectors.elements) };
    case 'int8':
      return { format: 'int8', elements: cut(vectors.elements), grids: cut(vectors.grids) };
    case 'int4':
      return { format: 'int4', elements: cut(vectors.elements), grids: cut(vectors.grids) };
  }
}

/** Elements as f32, into `target` where one is given. */
export function toNumbers(vectors: Vectors, headSize: number, target?: Float32Array): Float32Array {
  const { format, elements } = vectors;
  const count = format === 'int4' ? 2 * elements.length : elements.length;
  const numbers = target ? target.subarray(0, count) : new Float32Array(count);
  if (vectors.format === 'f16') numbers.set(asNumbers(vectors.elements));
  else if (vectors.format === 'int8') widenBytes(vectors.elements, vectors.grids, numbers);
  else widenHalfBytes(vectors.elements, vectors.grids, groupSize('int4', headSize), numbers);
  return numbers;
}

function widenBytes(levels: Int8Array, steps: Float32Array, target: Float32Array): void {
  const size = levels.length / steps.length;
  for (let vector = 0; vector < steps.length; vector++) {
    const step = steps[vector] ?? 0;
    for (let at = vector * size; at < (vector + 1) * size; at++) target[at] = (levels[at] ?? 0) * step;
  }
}

/** The loop that decoding from int4 spends its time in: eight levels at a time, no f16 arithmetic. */
function widenHalfBytes(levels: Uint8Array, grids: Uint16Array, size: number, target: Float32Array): void {
  const words = new Uint32Array(levels.buffer, levels.byteOffset, levels.length / 4);
  const numbers = numbersByBits();
  for (let group = 0, at = 0; group < grids.length; group += 2) {
    const step = numbers[grids[group] as number] as number;
    const lowest = numbers[grids[group + 1] as number] as number;
    for (const end = at + size; at < end; at += 8) {
      const word = words[at >> 3] as number;
      target[at] = lowest + (word & 15) * step;
      target[at + 1] = lowest + ((word >> 4) & 15) * step;
      target[at + 2] = lowest + ((word >> 8) & 15) * step;
      target[at + 3] = lowest + ((word >> 12) & 15) * step;
      target[at + 4] = lowest + ((word >> 16) & 15) * step;
      target[at + 5] = lowest + ((word >> 20) & 15) * step;
      target[at + 6] = lowest + ((word >> 24) & 15) * step;
      target[at + 7] = lowest + (word >>> 28) * step;
    }
  }
}

/** Rounds whole vectors, f16 bits, into `target`, which holds as many. */
export function roundInto(target: RoundedVectors, bits: Uint16Array, headSize: number): void {
  const numbers = new Float32Array(asNumbers(bits));
  const size = groupSize(target.format, headSize);
  const round = target.format === 'int8' ? roundToBytes : roundToHalfBytes;
  for (let at = 0; at < numbers.length; at += size) round(target as never, numbers, at, size);
}

type RoundedAs<Of extends Format> = Extract<Vectors, { format: Of }>;

function roundToBytes(
  { elements, grids }: RoundedAs<'int8'>,
  numbers: Float32Array,
  start: number,
  size: number,
): void {
  let largest = 0;
  for (let at = start; at < start + size; at++) largest = Math.max(largest, Math.abs(numbers[at] ?? 0));
  const step = Math.fround(largest / MOST_LEVEL.int8);
  grids[start / size] = step;
  for (let at = start; at < start + size; at++) elements[at] = level(numbers[at] ?? 0, step);
}

function roundToHalfBytes(
  { elements, grids }: RoundedAs<'int4'>,
  numbers: Float32Array,
  start: number,
  size: number,
): void {
  let [least, most] = [Infinity, -Infinity];
  for (let at = start; at < start + size; at++) {
    least = Math.min(least, numbers[at] ?? 0);
    most = Math.max(most, numbers[at] ?? 0);
  }
  const halves = asNumbers(grids);
  const group = (2 * start) / size;
  halves[group] = (most - least) / MOST_LEVEL.int4;
  halves[group + 1] = least;
  const [step = 0, lowest = 0] = [halves[group], halves[group + 1]];
  const levelOf = (number: number) => Math.max(0, Math.min(MOST_LEVEL.int4, level(number - lowest, step)));
  for (let at = start; at < start + size; at += 2)
    elements[at / 2] = levelOf(numbers[at] ?? 0) | (levelOf(numbers[at + 1] ?? 0) << 4);
}

/** The nearest multiple of a step; 0 where the group has but one value. */
function level(number: number, step: number): number {
  return step > 0 ? Math.floor(number / step + 0.5) : 0;
}
