/** What is planned for a loaded model, matrix by matrix. */
import { expect, it } from 'vitest';
import type { CutModel } from '../../../engine/model/cut.ts';
import type { OnnxInitializer, OnnxNode } from '../../../engine/model/onnx.ts';
import { loadingBytes, residentBytes } from '../../../engine/model/resident.ts';

const [FLOAT, BYTE, HALF] = [1, 2, 10];

function cutOf(nodes: Partial<OnnxNode>[], weights: Record<string, [type: number, ...dimensions: number[]]>): CutModel {
  const initializers = new Map(
    Object.entries(weights).map(([name, [dataType, ...dimensions]]) => [
      name,
      { name, dataType, dimensions, start: 0, end: 0, external: undefined } satisfies OnnxInitializer,
    ]),
  );
  const whole = nodes.map((node) => ({ attributes: new Map(), outputs: [], ...node }));
  const segments = [{ initializers: [...initializers.keys()] }];
  return { model: { nodes: whole, initializers }, segments, attention: [], tables: new Set() } as unknown as CutModel;
}

const beyond = (cut: CutModel, packs = true) => residentBytes(cut, 0, packs) - residentBytes(cutOf([], {}), 0, packs);

it.each([
  [4, 16],
  [8, 32],
])('a matrix of %i bits takes two floats a block beside what is stored', (bits, blob) => {
  const attributes = new Map<string, number>(Object.entries({ N: 64, K: 96, bits, block_size: 32 }));
  const cut = cutOf([{ operator: 'MatMulNBits', inputs: ['x', 'levels', 'scales'], attributes }], {
    levels: [BYTE, 64, 3, blob],
    scales: [FLOAT, 64, 3],
  });
  expect(beyond(cut)).toBe(64 * 3 * (blob + 4 + 8));
  expect(beyond(cut, false)).toBe(64 * 3 * (blob + 4));
});

it('a matrix of f16 is held as f32 where it is multiplied, and twice while it is loaded; a table that is looked up is mapped', () => {
  const cast = [
    { operator: 'Transpose', inputs: ['w'], outputs: ['t'] },
    { operator: 'Cast', inputs: ['t'], outputs: ['c'], attributes: new Map([['to', FLOAT]]) },
    { operator: 'MatMul', inputs: ['x', 'c'] },
    { operator: 'Gather', inputs: ['table', 'ids'], outputs: ['row'] },
    { operator: 'Cast', inputs: ['row'], attributes: new Map([['to', FLOAT]]) },
  ];
  const cut = cutOf(cast, { w: [HALF, 8, 16], table: [HALF, 1000, 16] });
  expect(beyond(cut)).toBe(8 * 16 * 4);
  expect(loadingBytes(cut, true)).toBe(8 * 16 * 4);
  expect(beyond(cut, false)).toBe(8 * 16 * 2);
});
