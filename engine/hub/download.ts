/**
 * Downloads one file so that what stands in its place is always whole and right: to a name of its own first, taken up where it
 * broke off (Range with If-Range, RFC 9110 §13.1.5 and §14), compared with its published hash, then renamed.
 *
 * Own code, because the libraries looked at resume by length alone: after a change on the server they would join two files.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { firstLineOf, ProximaError, throwIfCancelled } from '../errors.ts';
import { diskFailure } from './disk-failure.ts';
import { isPassing, refusalOf, retryAfterOf } from './responses.ts';

export interface DownloadRequest {
  readonly url: string;
  /** Where the whole file goes. */
  readonly target: string;
  /** Lower-case hexadecimal; undefined where the server publishes none: then git's hash, or the size alone, is compared. */
  readonly sha256: string | undefined;
  /** Git's hash of the file as a blob, where no SHA-256 is published. */
  readonly blobSha1?: string | undefined;
  readonly bytes: number | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface DownloadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes that are there, and all of them where that is known. */
  readonly onProgress?: ((done: number, total: number | undefined) => void) | undefined;
  /** How often one stretch without progress is tried again. */
  readonly retries?: number;
  /** First wait before trying again; it doubles each time. Milliseconds. */
  readonly backoff?: number;
  /** A connection that brings nothing for so long counts as broken. Milliseconds. */
  readonly stallTimeout?: number;
  /** Free bytes of the disk that holds a folder. */
  readonly freeBytes?: (folder: string) => Promise<number>;
}

const RETRIES = 5;
const BACKOFF = 1000;
const LONGEST_WAIT = 60_000;
const STALL_TIMEOUT = 30_000;
/** A file that came out wrong is fetched anew so many times. */
const FRESH_STARTS = 1;
const PARTIAL = 206;
const RANGE_REFUSED = 416;

const noteSchema = z.object({ url: z.string(), tag: z.string().nullable(), total: z.number().nullable() });
type Note = z.infer<typeof noteSchema>;

/** Rejects with `download-denied`, `-missing`, `-failed`, `-damaged`, `storage-full`, `storage-failed` or `cancelled`. */
export async function downloadFile(request: DownloadRequest, options: DownloadOptions = {}): Promise<void> {
  if (await isWhole(request.target, request)) return;
  await mkdir(dirname(request.target), { recursive: true });
  for (let start = 0; ; start++) {
    await fetchAll(request, options);
    throwIfCancelled(options.signal);
    if (await isWhole(partialOf(request), request)) break;
    await forget(request);
    if (start >= FRESH_STARTS) {
      throw new ProximaError('download-damaged', { file: nameOf(request) });
    }
  }
  await rename(partialOf(request), request.target);
  await rm(noteOf(request), { force: true });
}

/** Removes what an unfinished download has left. */
export async function forget(request: Pick<DownloadRequest, 'target'>): Promise<void> {
  await rm(partialOf(request), { force: true });
  await rm(noteOf(request), { force: true });
}

const partialOf = ({ target }: Pick<DownloadRequest, 'target'>) => `${target}.partial`;
const noteOf = ({ target }: Pick<DownloadRequest, 'target'>) => `${target}.partial.json`;
const nameOf = ({ target }: DownloadRequest) => target.split(/[\\/]/).at(-1) ?? target;

async function isWhole(path: string, { sha256, blobSha1, bytes }: DownloadRequest): Promise<boolean> {
  const size = await sizeOf(path);
  if (size === undefined || (bytes !== undefined && size !== bytes)) return false;
  if (sha256 !== undefined) return (await hashOf(path, 'sha256')) === sha256;
  return blobSha1 === undefined || (await hashOf(path, 'sha1', `blob ${size}\0`)) === blobSha1;
}

async function hashOf(path: string, algorithm: string, prefix = ''): Promise<string> {
  const hash = createHash(algorithm).update(prefix);
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch {
    return undefined;
  }
}

/** Tries until everything is there; only tries without any progress count as failed. */
async function fetchAll(request: DownloadRequest, options: DownloadOptions): Promise<void> {
  let failures = 0;
  for (;;) {
    throwIfCancelled(options.signal);
    const before = await sizeOf(partialOf(request));
    const cause = await outcomeOf(() => fetchRest(request, options));
    if (cause === undefined) return;
    throwIfCancelled(options.signal);
    const came = ((await sizeOf(partialOf(request))) ?? 0) > (before ?? 0);
    failures = came ? 1 : failures + 1;
    await rest(waitAfter(request, options, failures, cause), options.signal);
  }
}

/** What it failed by; undefined where it did not. What can't be tried again is thrown. */
async function outcomeOf(work: () => Promise<void>): Promise<Error | undefined> {
  try {
    await work();
    return undefined;
  } catch (cause) {
    if (cause instanceof ProximaError) throw cause;
    return cause instanceof Error ? cause : new Error(String(cause));
  }
}

/** Milliseconds before the next try. Throws `download-failed` when there were enough. */
function waitAfter(request: DownloadRequest, options: DownloadOptions, failures: number, cause: Error): number {
  const { retries = RETRIES, backoff = BACKOFF } = options;
  if (failures > retries) {
    throw new ProximaError('download-failed', { what: nameOf(request), reason: firstLineOf(cause) });
  }
  const asked = cause instanceof Passing ? cause.waitMilliseconds : undefined;
  return Math.min(LONGEST_WAIT, asked ?? backoff * 2 ** (failures - 1));
}

/** A failure that may be over when it is tried again. */
class Passing extends Error {
  readonly waitMilliseconds: number | undefined;

  constructor(message: string, waitMilliseconds?: number) {
    super(message);
    this.waitMilliseconds = waitMilliseconds;
  }
}

function rest(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    const stop = () => {
      clearTimeout(timer);
      resolve();
    };
    signal?.addEventListener('abort', stop, { once: true });
  });
}

async function fetchRest(request: DownloadRequest, options: DownloadOptions): Promise<void> {
  const { signal, stallTimeout = STALL_TIMEOUT } = options;
  const stall = new AbortController();
  let timer = setTimeout(() => stall.abort(new Passing('nothing came any more')), stallTimeout);
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => stall.abort(new Passing('nothing came any more')), stallTimeout);
  };
  try {
    const begun = await whatIsThere(request);
    const headers = { ...request.headers, ...begun.headers, 'accept-encoding': 'identity' };
    const both = signal ? AbortSignal.any([signal, stall.signal]) : stall.signal;
    const response = await fetch(request.url, { headers, signal: both, redirect: 'follow' });
    await take(request, options, response, begun.bytes, alive);
  } catch (cause) {
    throw stall.signal.aborted ? stall.signal.reason : cause;
  } finally {
    clearTimeout(timer);
  }
}

/** What an earlier try has left, and the headers that take it up; nothing of another address, or that has no tag to know it by. */
async function whatIsThere(request: DownloadRequest): Promise<{ bytes: number; headers: Record<string, string> }> {
  const bytes = await sizeOf(partialOf(request));
  const note = await readNote(request);
  if (!bytes || note?.url !== request.url || !note.tag) return { bytes: 0, headers: {} };
  return { bytes, headers: { range: `bytes=${bytes}-`, 'if-range': note.tag } };
}

async function readNote(request: DownloadRequest): Promise<Note | undefined> {
  try {
    return noteSchema.parse(JSON.parse(await readFile(noteOf(request), 'utf8')));
  } catch {
    return undefined;
  }
}

async function take(
  request: DownloadRequest,
  options: DownloadOptions,
  response: Response,
  there: number,
  alive: () => void,
): Promise<void> {
  if (response.status === RANGE_REFUSED) return takeNothing(request, response, there);
  if (!response.ok || !response.body) return refuse(request, response);
  const from = response.status === PARTIAL ? startOf(response, there) : 0;
  const total = totalOf(response, from);
  await requireRoom(request, options, (total ?? request.bytes ?? 0) - from);
  await writeNote(request, { url: request.url, tag: strongTag(response), total: total ?? null });
  const done = await write(request, response.body, from, (bytes) => {
    alive();
    options.onProgress?.(bytes, total ?? request.bytes);
  });
  if (total !== undefined && done < total) throw new Passing('the connection broke off');
}

/** All of it may be there; if it is not what it should be, the next start is a fresh one. */
async function takeNothing(request: DownloadRequest, response: Response, there: number): Promise<void> {
  await response.body?.cancel();
  if (request.bytes === there || (await readNote(request))?.total === there) return;
  await forget(request);
  throw new Passing('the server has no such part');
}

async function refuse(request: DownloadRequest, response: Response): Promise<never> {
  await response.body?.cancel();
  if (isPassing(response.status)) throw new Passing(`the server answered ${response.status}`, retryAfterOf(response));
  throw refusalOf(response.status, nameOf(request));
}

/** Only a strong tag says that bytes are the same (RFC 9110 §8.8.1). */
function strongTag(response: Response): string | null {
  const tag = response.headers.get('etag');
  return tag && !tag.startsWith('W/') ? tag : null;
}

function startOf(response: Response, asked: number): number {
  const start = Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1]);
  if (start !== asked) throw new Passing('the server sent another part than was asked for');
  return start;
}

function totalOf(response: Response, from: number): number | undefined {
  const ranged = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
  if (ranged !== undefined) return Number(ranged);
  const length = response.headers.get('content-length');
  return length === null ? undefined : from + Number(length);
}

async function requireRoom(request: DownloadRequest, options: DownloadOptions, needed: number): Promise<void> {
  const folder = dirname(request.target);
  const free = await (options.freeBytes ?? freeBytesOf)(folder);
  if (needed > free) {
    throw new ProximaError('storage-full', { what: nameOf(request), neededBytes: needed, freeBytes: free });
  }
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

async function writeNote(request: DownloadRequest, note: Note): Promise<void> {
  try {
    await writeFile(noteOf(request), JSON.stringify(note));
  } catch (cause) {
    throw diskFailure(cause, nameOf(request)) ?? cause;
  }
}

/** Writes from a place on, and cuts off what stood behind it; gives the bytes that are there then. */
async function write(
  request: DownloadRequest,
  body: ReadableStream<Uint8Array>,
  from: number,
  onBytes: (done: number) => void,
): Promise<number> {
  let done = from;
  try {
    const file = await open(partialOf(request), from === 0 ? 'w' : 'r+');
    try {
      await file.truncate(from);
      for await (const piece of body) {
        for (let written = 0; written < piece.length; ) {
          const { bytesWritten } = await file.write(piece, written, piece.length - written, done);
          written += bytesWritten;
          done += bytesWritten;
        }
        onBytes(done);
      }
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw diskFailure(cause, nameOf(request)) ?? cause;
  }
  return done;
}
