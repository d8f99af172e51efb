/** The tensors of a GGUF decoder by name, with the sizes that they must have; what nobody asked for is refused in the end. */
import { ProximaError } from '../errors.ts';
import { damagedGguf, type Gguf, type GgufTensor } from './read-gguf.ts';
import { tensorType, typeName } from './tensor-types.ts';
import type { RowsOf } from './weight-plan.ts';

export class DecoderTensors {
  readonly #gguf: Gguf;
  readonly #asked = new Set<string>();

  constructor(gguf: Gguf) {
    this.#gguf = gguf;
  }

  has(name: string): boolean {
    return this.#gguf.tensors.has(name);
  }

  /** Rows of a tensor without knowing how many it must have. */
  rowsOf(name: string): number {
    return this.#tensor(name).sizes[1] ?? 1;
  }

  /** All rows of a matrix, or `rows` of them from `first` on where it has more than these. */
  matrix(name: string, rows: number, columns: number, part?: { readonly first: number; readonly of: number }): RowsOf {
    const tensor = this.#tensor(name);
    const [across = 0, down = 1, ...deeper] = tensor.sizes;
    const expected = part?.of ?? rows;
    if (across !== columns || down !== expected || deeper.some((size) => size !== 1)) {
      throw damagedGguf(this.#gguf.name, `${name} has sizes ${tensor.sizes.join(' × ')}, not ${columns} × ${expected}`);
    }
    return { tensor, first: part?.first ?? 0, rows, columns, paired: 0 };
  }

  /** The numbers of a tensor in one dimension, from `first` on. */
  async vector(
    name: string,
    length: number,
    part?: { readonly first: number; readonly of: number },
  ): Promise<Float32Array> {
    const tensor = this.#tensor(name);
    const expected = part?.of ?? length;
    if (tensor.sizes[0] !== expected || tensor.sizes.slice(1).some((size) => size !== 1)) {
      throw damagedGguf(this.#gguf.name, `${name} has sizes ${tensor.sizes.join(' × ')}, not ${expected}`);
    }
    const read = FLOATS[typeName(tensor.type)];
    if (!read) throw this.#typeRefusal(tensor);
    const width = tensor.bytes / expected;
    const bytes = await this.#gguf.source.read(tensor.offset + (part?.first ?? 0) * width, length * width);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Float32Array.from({ length }, (_, index) => read(view, index * width));
  }

  async optionalVector(
    name: string,
    length: number,
    part?: { readonly first: number; readonly of: number },
  ): Promise<Float32Array | undefined> {
    return this.has(name) ? this.vector(name, length, part) : undefined;
  }

  /** Throws `gguf-unsupported` for a tensor that the graph has no place for. */
  refuseOthers(): void {
    const left = [...this.#gguf.tensors.keys()].find((name) => !this.#asked.has(name));
    if (left !== undefined) throw new ProximaError('gguf-unsupported', { feature: 'tensor', tensor: left });
  }

  #tensor(name: string): GgufTensor {
    const tensor = this.#gguf.tensors.get(name);
    if (!tensor) throw damagedGguf(this.#gguf.name, `it has no tensor ${name}`);
    this.#asked.add(name);
    if (!tensorType(tensor.type)) throw this.#typeRefusal(tensor);
    return tensor;
  }

  #typeRefusal({ name, type }: GgufTensor): ProximaError {
    return new ProximaError('gguf-unsupported', { feature: 'tensor type', tensor: name, type: typeName(type) });
  }
}

const FLOATS: Readonly<Record<string, (view: DataView, at: number) => number>> = {
  F32: (view, at) => view.getFloat32(at, true),
  F16: (view, at) => view.getFloat16(at, true),
  BF16: (view, at) => {
    const wide = new DataView(new ArrayBuffer(4));
    wide.setUint32(0, view.getUint16(at, true) << 16);
    return wide.getFloat32(0);
  },
};
