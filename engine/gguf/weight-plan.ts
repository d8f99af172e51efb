/** Where the weights of a model that is made from GGUF lie in its data file, and which rows of which tensor each comes from. */
import { ElementType, encodeExternal } from '../model/onnx-writer.ts';
import type { GgufTensor } from './read-gguf.ts';
import { type FloatStorage, type LevelStorage, type TensorType, tensorType } from './tensor-types.ts';

/** Beside `model.onnx`. */
export const DATA_FILE = 'model.onnx_data';

/** Some rows of a tensor. */
export interface RowsOf {
  readonly tensor: GgufTensor;
  readonly first: number;
  readonly rows: number;
  readonly columns: number;
  /** Size of a head whose rows lie pair by pair and are to be put half by half; 0: they stay. */
  readonly paired: number;
}

/** Rows that are put into the data file, at byte offsets. */
export type WeightJob = RowsOf & { readonly type: TensorType } & (
    | {
        readonly storage: LevelStorage;
        readonly levelsAt: number;
        readonly scalesAt: number;
        readonly zerosAt: number;
        readonly remaindersAt: number;
      }
    | { readonly storage: FloatStorage; readonly at: number }
  );

/** Names of a matrix's parts in the graph. */
export type StoredNames =
  | {
      readonly storage: LevelStorage;
      readonly levels: string;
      readonly scales: string;
      readonly zeros: string;
      readonly remainders: string;
    }
  | { readonly storage: FloatStorage; readonly matrix: string };

/** So that onnxruntime can map a weight, it begins on a page. */
const PAGE = 4096;

/** Zeros of an odd number of blocks, two a byte, are more than WebGPU's lookups take: such rows have a byte for every level and zero. */
function evenStorage(storage: TensorType['storage'], columns: number): TensorType['storage'] {
  if (storage.kind === 'float' || !storage.minima) return storage;
  return (columns / storage.block) % 2 === 0 ? storage : { ...storage, bits: 8 };
}

export class WeightPlan {
  readonly jobs: WeightJob[] = [];
  readonly initializers: Uint8Array[] = [];
  #end = 0;

  /** Of the data file. */
  get bytes(): number {
    return this.#end;
  }

  /** The type of a tensor that was checked to be one that Proxima takes. */
  add(name: string, rows: RowsOf): StoredNames {
    const type = tensorType(rows.tensor.type) as TensorType;
    const storage = evenStorage(type.storage, rows.columns);
    return storage.kind === 'levels'
      ? this.#addLevels(name, rows, type, storage)
      : this.#addFloats(name, rows, type, storage);
  }

  #addFloats(name: string, rows: RowsOf, type: TensorType, storage: FloatStorage): StoredNames {
    const at = this.#place(
      `${name}.weight`,
      storage.bytes === 2 ? ElementType.float16 : ElementType.float,
      [rows.rows, rows.columns],
      rows.rows * rows.columns * storage.bytes,
    );
    this.jobs.push({ ...rows, type, storage, at });
    return { storage, matrix: `${name}.weight` };
  }

  #addLevels(name: string, rows: RowsOf, type: TensorType, storage: LevelStorage): StoredNames {
    const names = {
      levels: `${name}.levels`,
      scales: `${name}.scales`,
      zeros: `${name}.zeros`,
      remainders: `${name}.remainders`,
    };
    const blocks = rows.columns / storage.block;
    const blob = (storage.block * storage.bits) / 8;
    const zeroBytes = Math.ceil((blocks * storage.bits) / 8);
    const levelsAt = this.#place(names.levels, ElementType.uint8, [rows.rows, blocks, blob], rows.rows * blocks * blob);
    const scalesAt = this.#place(names.scales, ElementType.float, [rows.rows, blocks], rows.rows * blocks * 4);
    const zerosAt = storage.minima
      ? this.#place(names.zeros, ElementType.uint8, [rows.rows, zeroBytes], rows.rows * zeroBytes)
      : 0;
    const remaindersAt = storage.minima
      ? this.#place(names.remainders, ElementType.float, [rows.rows, blocks], rows.rows * blocks * 4)
      : 0;
    this.jobs.push({ ...rows, type, storage, levelsAt, scalesAt, zerosAt, remaindersAt });
    return { storage, ...names };
  }

  /** The levels of the job that was added last once more, as lookups want them: a row of the table in one dimension. */
  lookUp(name: string): string {
    const job = this.jobs.at(-1);
    if (job === undefined || !('levelsAt' in job)) return name;
    const width = (job.columns * job.storage.bits) / 8;
    const place = { file: DATA_FILE, offset: job.levelsAt, length: job.rows * width };
    this.initializers.push(encodeExternal(`${name}.table`, ElementType.uint8, [job.rows, width], place));
    return `${name}.table`;
  }

  #place(name: string, elementType: number, dimensions: readonly number[], length: number): number {
    const offset = Math.ceil(this.#end / PAGE) * PAGE;
    this.#end = offset + length;
    this.initializers.push(encodeExternal(name, elementType, dimensions, { file: DATA_FILE, offset, length }));
    return offset;
  }
}
