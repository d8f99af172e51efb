import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { holdLevels } from '../../../engine/gguf/held-levels.ts';
import { type LevelStorage, tensorType } from '../../../engine/gguf/tensor-types.ts';
import { GGUF_FIXTURES } from '../../integration/gguf.ts';

const COLUMNS = 512;
const numbers: Readonly<Record<string, number>> = {
  Q4_0: 2,
  Q4_1: 3,
  Q5_0: 6,
  Q5_1: 7,
  Q8_0: 8,
  Q4_K: 12,
  Q5_K: 13,
  Q6_K: 14,
};
const fixtures: Record<string, { bytes: string; weights: number[] }> = JSON.parse(
  readFileSync(join(GGUF_FIXTURES, 'blocks.json'), 'utf8'),
);

/** As MatMulNBits reads it: (level − zero) · scale, and the block's remainder. */
function weightsOf(bytes: Uint8Array, name: string): number[] {
  const type = tensorType(numbers[name] ?? -1);
  if (type?.storage.kind !== 'levels') throw new Error(`${name} has no levels`);
  const storage: LevelStorage = type.storage;
  const held = holdLevels(bytes, type, storage);
  const nibble = (packed: Uint8Array, index: number) => ((packed[index >> 1] ?? 0) >> (index % 2 === 0 ? 0 : 4)) & 15;
  const read = (packed: Uint8Array, index: number) =>
    storage.bits === 4 ? nibble(packed, index) : (packed[index] ?? 0);
  return Array.from({ length: 2 * COLUMNS }, (_, index) => {
    const block = Math.floor(index / storage.block);
    const zero = storage.minima ? read(held.zeros, block) : 2 ** (storage.bits - 1);
    return (read(held.levels, index) - zero) * (held.scales[block] ?? 0) + (held.remainders[block] ?? 0);
  });
}

describe('quantised types of GGUF', () => {
  it.each(Object.keys(numbers))('%s is held exactly', (name) => {
    const { bytes, weights } = fixtures[name] ?? { bytes: '', weights: [] };
    const held = weightsOf(Uint8Array.from(Buffer.from(bytes, 'hex')), name);
    expect(weights).toHaveLength(2 * COLUMNS);
    // To the rounding of a f32: of the weights, and of the largest level times its scale.
    const largest = Math.max(...weights.map(Math.abs));
    expect(
      Math.max(...weights.map((weight, index) => Math.abs(weight - (held[index] ?? Number.NaN)) / largest)),
    ).toBeLessThan(3e-7);
  });
});
