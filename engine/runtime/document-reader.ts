/** Reads documents in a worker thread of their own, which is ended when it makes no progress or the caller cancels. */
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Document, ReadOptions } from '../documents/document.ts';
import { type ErrorCode, ProximaError } from '../errors.ts';

export interface DocumentRequest {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly password: string | undefined;
}

export type DocumentMessage =
  | { type: 'progress'; done: number; total: number }
  | { type: 'document'; document: Document }
  | { type: 'error'; code: ErrorCode; message: string; wayOut: string };

/** Longest silence of a worker before it counts as stuck, in milliseconds. */
const PATIENCE = 20_000;
const WORKER_HEAP_MIB = 2048;

/** Rejects with `file-missing`, `file-empty`, `document-stalled`, `cancelled` or what `readDocument` rejects with. */
export async function readDocumentFile(path: string, options: ReadOptions = {}): Promise<Document> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new ProximaError('file-missing', `There is no file ${path}.`, 'Check the path.');
  if (!found.isFile()) throw new ProximaError('file-unreadable', `${path} is not a file.`, 'Give the document itself.');
  const bytes = await readFile(path).catch(() => {
    throw new ProximaError('file-unreadable', `${path} can't be opened.`, 'Check that you may read it.');
  });
  return readInWorker({ bytes, name: basename(path), password: options.password }, options);
}

function readInWorker(request: DocumentRequest, options: ReadOptions): Promise<Document> {
  const worker = new Worker(new URL('./document-worker.ts', import.meta.url), {
    workerData: request,
    resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MIB },
  });
  return new Promise<Document>((resolve, reject) => {
    const stalled = () => reject(stalledError(request.name));
    let watchdog = setTimeout(stalled, PATIENCE);
    const cancel = () =>
      reject(new ProximaError('cancelled', 'Reading was cancelled.', 'Start it again when you like.'));
    options.signal?.addEventListener('abort', cancel, { once: true });
    worker.on('message', (message: DocumentMessage) => {
      clearTimeout(watchdog);
      watchdog = setTimeout(stalled, PATIENCE);
      if (message.type === 'progress') options.onProgress?.(message.done, message.total);
      else if (message.type === 'document') resolve(message.document);
      else reject(new ProximaError(message.code, message.message, message.wayOut));
    });
    worker.on('error', (cause) => reject(crashError(request.name, cause)));
    worker.on('exit', () => {
      clearTimeout(watchdog);
      options.signal?.removeEventListener('abort', cancel);
    });
  }).finally(() => worker.terminate());
}

function stalledError(name: string): ProximaError {
  return new ProximaError(
    'document-stalled',
    `Reading ${name} made no progress for ${PATIENCE / 1000} seconds and was stopped.`,
    'The file is probably damaged: save it anew from another program.',
  );
}

function crashError(name: string, cause: Error): ProximaError {
  return new ProximaError(
    'document-damaged',
    `${name} can't be read: ${cause.message}.`,
    'Save it anew from another program.',
  );
}
