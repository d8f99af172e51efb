/**
 * Gets a model from a hub into a folder: several files at a time, whole or not at all; and of one that can't run no more than it takes to
 * see that: config, tokenizer and template first, then the graph without its weights, and only then gigabytes.
 */
import { rm, stat } from 'node:fs/promises';
import { ProximaError, throwIfCancelled } from '../errors.ts';
import { freeBytesAround } from '../folders/free-space.ts';
import { reallyWithin } from '../folders/paths.ts';
import { type DownloadOptions, downloadFile } from './download.ts';
import type { Dtype } from './dtypes.ts';
import { filesOf, type Hub, type HubFile, isData, isGraph, type Listing, listRepository, requestFor } from './hub.ts';
import { requireReadable, requireRunnable } from './judge-before.ts';

export interface GetProgress {
  readonly done: number;
  readonly total: number;
  readonly file: string;
}

export interface GetOptions extends Omit<DownloadOptions, 'onProgress'> {
  readonly onProgress?: (progress: GetProgress) => void;
  /** What the repository was seen to hold; asked for anew where left out. */
  readonly listing?: Listing;
}

const AT_ONCE = 3;

/**
 * Rejects as `downloadFile` does; what has come is kept for the next try. And as judging a folder does: then nothing of it is left that
 * was not there before.
 */
export async function getModel(
  hub: Hub,
  repository: string,
  dtype: Dtype,
  folder: string,
  options: GetOptions = {},
): Promise<void> {
  const listing = options.listing ?? (await listRepository(hub, repository, options.signal));
  const files = filesOf(listing.files, dtype);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  await requireRoom(folder, total, options);
  const isNew = (await stat(folder).catch(() => undefined)) === undefined;
  const done = new Map<string, number>();
  const get = async (file: HubFile) => {
    await downloadFile(requestFor(hub, listing, file, targetOf(folder, file)), {
      ...options,
      onProgress: (bytes) => {
        done.set(file.path, bytes);
        options.onProgress?.({ done: [...done.values()].reduce((sum, each) => sum + each, 0), total, file: file.path });
      },
    });
    done.set(file.path, file.bytes);
  };
  const those = (wanted: (file: HubFile) => boolean) => severalAtOnce(files.filter(wanted), get);
  await those((file) => !isGraph(file) && !isData(file));
  await judged(() => requireReadable(folder, files));
  await those(isGraph);
  throwIfCancelled(options.signal);
  await judged(() => requireRunnable(folder, files));
  await those(isData);

  async function judged(judge: () => Promise<void>): Promise<void> {
    try {
      await judge();
    } catch (cause) {
      if (isNew) await rm(folder, { recursive: true, force: true });
      throw cause;
    }
  }
}

/** A repository's paths are its own: none may lead out of the folder. */
function targetOf(folder: string, { path }: HubFile): string {
  const target = reallyWithin(folder, path);
  if (target !== undefined && !path.includes('\\')) return target;
  throw new ProximaError('download-failed', { what: path, reason: 'the repository names a file outside its folder' });
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
