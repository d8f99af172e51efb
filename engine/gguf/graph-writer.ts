/** Collects the nodes and weights of a graph that is written from nothing. */
import {
  assembleModel,
  ElementType,
  encodeConstant,
  encodeNode,
  encodeValue,
  type NodeDescription,
  ownModelFields,
  type ValueDescription,
} from '../model/onnx-writer.ts';
import { type RowsOf, type StoredNames, WeightPlan } from './weight-plan.ts';

export const MICROSOFT = 'com.microsoft';

/** How MatMulNBits multiplies: with activations rounded to int8, as exporters ask for (and llama.cpp does), or as they are. */
export type Activations = 'int8' | 'float';
const ACCURACY_LEVEL = { float: 0, int8: 4 } as const;

export class GraphWriter {
  readonly weights = new WeightPlan();
  readonly #activations: Activations;
  readonly #nodes: Uint8Array[] = [];
  readonly #constants = new Map<string, Uint8Array>();
  /** Sums of the blocks of a tensor, by its name and the block's size. */
  readonly #sums = new Map<string, string>();

  constructor(activations: Activations) {
    this.#activations = activations;
  }

  /** The name of what the node makes first. */
  node(
    operator: string,
    inputs: readonly string[],
    outputs: string | readonly string[],
    attributes?: NodeDescription['attributes'],
    domain = '',
  ): string {
    const names = typeof outputs === 'string' ? [outputs] : outputs;
    this.#nodes.push(encodeNode({ operator, inputs, outputs: names, domain, ...(attributes ? { attributes } : {}) }));
    return names[0] ?? '';
  }

  floats(name: string, values: Float32Array | number, dimensions?: readonly number[]): string {
    const all = typeof values === 'number' ? Float32Array.of(values) : values;
    return this.#constant(name, all, dimensions ?? (typeof values === 'number' ? [] : [all.length]));
  }

  integers(name: string, values: readonly number[], dimensions: readonly number[] = [values.length]): string {
    return this.#constant(name, BigInt64Array.from(values, BigInt), dimensions);
  }

  /** x times the transposed matrix, [.., columns] to [.., rows]. path: of the nodes. */
  multiply(name: string, path: string, matrix: RowsOf, x: string): string {
    return this.multiplyStored(this.weights.add(name, matrix), path, matrix, x);
  }

  multiplyStored(stored: StoredNames, path: string, matrix: RowsOf, x: string): string {
    if (stored.storage.kind === 'levels' && 'levels' in stored) return this.#multiplyLevels(stored, path, matrix, x);
    const turned = this.node('Transpose', ['matrix' in stored ? stored.matrix : ''], `${path}/Transpose/output_0`, {
      perm: [1, 0],
    });
    const wide = this.#asFloat(turned, path, stored.storage.kind === 'float' && stored.storage.bytes === 2);
    return this.node('MatMul', [x, wide], `${path}/MatMul/output_0`);
  }

  #multiplyLevels(
    stored: Extract<StoredNames, { levels: string }>,
    path: string,
    { rows, columns }: RowsOf,
    x: string,
  ): string {
    const { bits, block, minima } = stored.storage;
    const inputs = [x, stored.levels, stored.scales, ...(minima ? [stored.zeros] : [])];
    const attributes = {
      K: columns,
      N: rows,
      bits,
      block_size: block,
      accuracy_level: ACCURACY_LEVEL[this.#activations],
    };
    const product = this.node('MatMulNBits', inputs, `${path}/MatMul/output_0`, attributes, MICROSOFT);
    if (!minima) return product;
    const remainders = this.node('Transpose', [stored.remainders], `${path}/remainders/output_0`, { perm: [1, 0] });
    const rest = this.node('MatMul', [this.#blockSums(x, block), remainders], `${path}/MatMul_1/output_0`);
    return this.node('Add', [product, rest], `${path}/Add/output_0`);
  }

  /** [.., columns] to [.., columns / block]: what a remainder that a block's weights have in common is multiplied with. */
  #blockSums(x: string, block: number): string {
    const known = this.#sums.get(`${x} ${block}`);
    if (known) return known;
    const shape = this.integers(`proxima.blocks.${block}`, [0, 0, -1, block]);
    const apart = this.node('Reshape', [x, shape], `${x}/blocks_${block}/Reshape/output_0`);
    const axis = this.integers('proxima.last_axis', [-1]);
    const sums = this.node('ReduceSum', [apart, axis], `${x}/blocks_${block}/ReduceSum/output_0`, { keepdims: 0 });
    this.#sums.set(`${x} ${block}`, sums);
    return sums;
  }

  /** Rows of the matrix that was added last, by ids. */
  lookUp(stored: StoredNames, name: string, path: string, { columns }: RowsOf, ids: string): string {
    if (stored.storage.kind === 'float' || 'matrix' in stored) {
      const rows = this.node('Gather', ['matrix' in stored ? stored.matrix : '', ids], `${path}/Gather/output_0`);
      return this.#asFloat(rows, path, stored.storage.kind === 'float' && stored.storage.bytes === 2);
    }
    const { bits, block, minima } = stored.storage;
    const inputs = [this.weights.lookUp(name), ids, stored.scales, ...(minima ? [stored.zeros] : [])];
    const attributes = { bits, block_size: block, gather_axis: 0, quantize_axis: 1 };
    const rows = this.node('GatherBlockQuantized', inputs, `${path}/Gather/output_0`, attributes, MICROSOFT);
    if (!minima) return rows;
    const apart = this.node(
      'Reshape',
      [rows, this.integers(`proxima.blocks.${block}`, [0, 0, -1, block])],
      `${path}/Reshape/output_0`,
    );
    const rests = this.node('Gather', [stored.remainders, ids], `${path}/Gather_1/output_0`);
    const columnsApart = this.node(
      'Unsqueeze',
      [rests, this.integers('proxima.last_axis', [-1])],
      `${path}/Unsqueeze/output_0`,
    );
    const whole = this.node('Add', [apart, columnsApart], `${path}/Add/output_0`);
    return this.node('Reshape', [whole, this.integers('proxima.row', [0, 0, columns])], `${path}/Reshape_1/output_0`);
  }

  #asFloat(name: string, path: string, narrow: boolean): string {
    return narrow ? this.node('Cast', [name], `${path}/Cast/output_0`, { to: ElementType.float }) : name;
  }

  /** The encoded model. */
  finish(inputs: readonly ValueDescription[], outputs: readonly ValueDescription[]): Promise<Uint8Array> {
    return assembleModel({
      modelFields: ownModelFields(),
      nodes: this.#nodes,
      inputs: inputs.map(encodeValue),
      outputs: outputs.map(encodeValue),
      constants: [...this.#constants.values()],
      initializers: this.weights.initializers,
    });
  }

  #constant(name: string, values: Float32Array | BigInt64Array, dimensions: readonly number[]): string {
    if (!this.#constants.has(name)) this.#constants.set(name, encodeConstant(name, values, dimensions));
    return name;
  }
}
