/** Converts the planned weights piece by piece, so that no tensor is ever held whole. */
import { throwIfCancelled } from '../errors.ts';
import { pairedIndex } from './decoder-modules.ts';
import { holdLevels } from './held-levels.ts';
import type { Gguf } from './read-gguf.ts';
import type { RowsOf, WeightJob, WeightPlan } from './weight-plan.ts';

/** Puts bytes at a place of the data file. */
export type WriteAt = (bytes: Uint8Array, offset: number) => Promise<void>;

export interface WriteOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes of the GGUF's weights that are converted, and all of them. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Bytes that are read at once: large enough for disks, small beside any model. */
const PIECE = 4 << 20;

/** Rejects with `cancelled`. */
export async function writeWeights(
  gguf: Gguf,
  { jobs }: WeightPlan,
  write: WriteAt,
  options: WriteOptions = {},
): Promise<void> {
  const total = jobs.reduce((sum, job) => sum + rowBytes(job) * job.rows, 0);
  let done = 0;
  for (const job of jobs) {
    for (let row = 0; row < job.rows; ) {
      throwIfCancelled(options.signal);
      const rows = Math.min(rowsAtOnce(job), job.rows - row);
      await writeRows(job, row, rows, await readRows(gguf, job, row, rows), write);
      row += rows;
      done += rows * rowBytes(job);
      options.onProgress?.(done, total);
    }
  }
}

function rowBytes({ columns, type }: Pick<WeightJob, 'columns' | 'type'>): number {
  return (columns / type.block) * type.bytes;
}

/** Whole heads where their rows change places. */
function rowsAtOnce(job: WeightJob): number {
  const unit = job.paired || 1;
  return Math.max(unit, Math.floor(PIECE / rowBytes(job) / unit) * unit);
}

async function readRows(gguf: Gguf, job: WeightJob, row: number, rows: number): Promise<Uint8Array> {
  const width = rowBytes(job);
  const bytes = await gguf.source.read(job.tensor.offset + (job.first + row) * width, rows * width);
  return job.paired === 0 ? bytes : inHalves(bytes, rows, width, job);
}

function inHalves(bytes: Uint8Array, rows: number, width: number, { paired }: RowsOf): Uint8Array {
  const placed = new Uint8Array(bytes.byteLength);
  for (let row = 0; row < rows; row++) {
    const from = pairedIndex(row, paired) * width;
    placed.set(bytes.subarray(from, from + width), row * width);
  }
  return placed;
}

/** bfloat16 is the upper half of a float. */
function asStored(bytes: Uint8Array, { type, storage }: WeightJob): Uint8Array {
  if (storage.kind === 'levels' || type.bytes === storage.bytes) return bytes;
  const wide = new Uint8Array(2 * bytes.byteLength);
  for (let index = 0; index < bytes.byteLength; index += 2) {
    wide[2 * index + 2] = bytes[index] ?? 0;
    wide[2 * index + 3] = bytes[index + 1] ?? 0;
  }
  return wide;
}

async function writeRows(job: WeightJob, row: number, rows: number, bytes: Uint8Array, write: WriteAt): Promise<void> {
  if ('at' in job) return write(asStored(bytes, job), job.at + row * job.columns * job.storage.bytes);
  const held = holdLevels(bytes, job.type, job.storage);
  const parts = [
    [held.levels, job.levelsAt],
    [held.scales, job.scalesAt],
    [held.zeros, job.zerosAt],
    [held.remainders, job.remaindersAt],
  ] as const;
  for (const [part, at] of parts) {
    // Every part has the same number of bytes a row.
    if (part.byteLength > 0)
      await write(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at + (part.byteLength / rows) * row);
  }
}
