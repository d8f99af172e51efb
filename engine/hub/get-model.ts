/** Gets a model from a hub into a folder: several files at a time, whole or not at all. */
import { join } from 'node:path';
import { ProximaError } from '../errors.ts';
import { freeBytesAround } from '../folders/free-space.ts';
import { type DownloadOptions, downloadFile } from './download.ts';
import type { Dtype } from './dtypes.ts';
import { filesOf, type Hub, type HubFile, listRepository, requestFor } from './hub.ts';

export interface GetProgress {
  readonly done: number;
  readonly total: number;
  readonly file: string;
}

export interface GetOptions extends Omit<DownloadOptions, 'onProgress'> {
  readonly onProgress?: (progress: GetProgress) => void;
}

const AT_ONCE = 3;
const GRAPH = /^onnx\//;

/** Rejects as `downloadFile` does; what has come is kept for the next try. */
export async function getModel(
  hub: Hub,
  repository: string,
  dtype: Dtype,
  folder: string,
  options: GetOptions = {},
): Promise<void> {
  const files = filesOf(await listRepository(hub, repository, options.signal), dtype);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  await requireRoom(folder, total, options);
  const done = new Map<string, number>();
  const get = async (file: HubFile) => {
    await downloadFile(requestFor(hub, repository, file, targetOf(folder, file)), {
      ...options,
      onProgress: (bytes) => {
        done.set(file.path, bytes);
        options.onProgress?.({ done: [...done.values()].reduce((sum, each) => sum + each, 0), total, file: file.path });
      },
    });
    done.set(file.path, file.bytes);
  };
  // The graph comes last: a folder that has one has all the rest.
  const order = files.toSorted((a, b) => Number(GRAPH.test(a.path)) - Number(GRAPH.test(b.path)));
  await severalAtOnce(order, get);
}

/** A repository's paths are its own: none may lead out of the folder. */
function targetOf(folder: string, { path }: HubFile): string {
  if (path.split(/[\\/]/).includes('..') || path.startsWith('/')) {
    throw new ProximaError('download-failed', { what: path, reason: 'the repository names a file outside its folder' });
  }
  return join(folder, path);
}

async function requireRoom(folder: string, total: number, { freeBytes }: GetOptions): Promise<void> {
  const free = await (freeBytes ?? freeBytesAround)(folder);
  if (total <= free) return;
  throw new ProximaError('storage-full', { what: 'the model', neededBytes: total, freeBytes: free });
}

/** The first failure ends it once those under way have ended. */
async function severalAtOnce<Each>(all: readonly Each[], work: (each: Each) => Promise<void>): Promise<void> {
  const queue = [...all];
  const lane = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      try {
        await work(next);
      } catch (cause) {
        queue.length = 0;
        throw cause;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: AT_ONCE }, lane));
  const failed = lanes.find((each) => each.status === 'rejected');
  if (failed) throw failed.reason;
}
