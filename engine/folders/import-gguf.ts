/**
 * Converts a GGUF file into a model folder: once, into a folder beside the goal that gets its name when it is whole. Mapped from where it
 * lies, a file could not be run: onnxruntime's levels stand in another order, and a file in a download folder goes away.
 */
import { mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorOf, ProximaError, throwIfCancelled } from '../errors.ts';
import type { Activations } from '../gguf/graph-writer.ts';
import { judgeGguf } from '../gguf/judge-gguf.ts';
import { type PreparedGguf, prepareGguf } from '../gguf/prepare-gguf.ts';
import { readGguf } from '../gguf/read-gguf.ts';
import { DATA_FILE } from '../gguf/weight-plan.ts';
import { type WriteOptions, writeWeights } from '../gguf/write-weights.ts';
import { diskFailure } from '../hub/disk-failure.ts';
import type { ByteSource } from '../model/source.ts';
import { freeBytesAround } from './free-space.ts';
import { openFile } from './node.ts';

export interface ImportOptions extends WriteOptions {
  readonly activations?: Activations;
  /** For tests: instead of asking the disk. */
  readonly freeBytes?: (folder: string) => Promise<number>;
}

/** Whether a path is meant as a GGUF file rather than a folder: Ollama's have no ending. */
export async function isGgufFile(path: string): Promise<boolean> {
  const entry = await stat(path).catch(() => undefined);
  return entry ? entry.isFile() : GGUF_ENDING.test(path);
}

const GGUF_ENDING = /\.gguf$/i;

/** What a model is called by its file. */
export function modelNameOf(path: string): string {
  return basename(path).replace(GGUF_ENDING, '');
}

/**
 * Writes the model into `folder`, which must not be there yet. Rejects with `gguf-damaged`, `gguf-unsupported`, `storage-full`,
 * `cancelled` or whatever the finished model would be refused by, before anything is written; nothing is left behind then.
 */
export async function importGguf(path: string, folder: string, options: ImportOptions = {}): Promise<void> {
  const source = await openGgufFile(path);
  try {
    const prepared = await prepareGguf(await readGguf(source, basename(path)), options.activations);
    const { failure } = await judgeGguf(prepared);
    if (failure) throw errorOf(failure);
    throwIfCancelled(options.signal);
    await requireRoom(prepared, folder, options);
    await writeWhole(prepared, folder, options);
  } catch (cause) {
    throw diskFailure(cause, folder) ?? cause;
  } finally {
    await source.close();
  }
}

/** Rejects with `file-missing` or `file-unreadable`. */
export async function openGgufFile(path: string): Promise<ByteSource> {
  try {
    return await openFile(path);
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw missing
      ? new ProximaError('file-missing', { path })
      : new ProximaError('file-unreadable', { path, reason: 'no permission' });
  }
}

async function requireRoom(
  { bytes }: PreparedGguf,
  folder: string,
  { freeBytes = freeBytesAround }: ImportOptions,
): Promise<void> {
  const free = await freeBytes(dirname(folder));
  if (bytes <= free) return;
  throw new ProximaError('storage-full', { what: 'the model', neededBytes: bytes, freeBytes: free });
}

async function writeWhole(prepared: PreparedGguf, folder: string, options: ImportOptions): Promise<void> {
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  try {
    await mkdir(join(partial, 'onnx'), { recursive: true });
    for (const [name, bytes] of prepared.files) await writeFile(join(partial, name), bytes);
    await writeData(prepared, join(partial, 'onnx', DATA_FILE), options);
    await rename(partial, folder);
  } catch (cause) {
    await rm(partial, { recursive: true, force: true });
    throw cause;
  }
}

async function writeData({ gguf, weights }: PreparedGguf, path: string, options: ImportOptions): Promise<void> {
  const file = await open(path, 'w');
  try {
    const write = async (bytes: Uint8Array, offset: number) => {
      for (let done = 0; done < bytes.byteLength; ) {
        const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, offset + done);
        done += bytesWritten;
      }
    };
    await writeWeights(gguf, weights, write, options);
    // A model whose last weight is shorter than planned would be read past its end.
    await file.truncate(weights.bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}
