/**
 * Reads each document in a process of its own, which is killed when it makes no progress or the caller cancels.
 *
 * A worker thread would start faster, but stopping one in the middle of inflating a stream takes the whole process down
 * (Node 24: "Assertion failed: init_done_" in node_zlib.cc); a process can be killed at any moment.
 */
import { fork } from 'node:child_process';
import { access, constants, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Document, ReadOptions } from '../documents/document.ts';
import { errorOf, type Failure, ProximaError } from '../errors.ts';

export interface DocumentRequest {
  readonly path: string;
  readonly name: string;
  readonly password: string | undefined;
}

export type DocumentMessage =
  | { type: 'progress'; done: number; total: number }
  | { type: 'document'; document: Document }
  | { type: 'failed'; failure: Failure };

/** Longest silence of the process before it counts as stuck, in milliseconds. */
const PATIENCE = 20_000;
const HEAP_MIB = 2048;
const PROGRAM = fileURLToPath(new URL('./document-process.ts', import.meta.url));

/** What is needed of a process that reads a document, Node's or Electron's. */
export interface DocumentProcess {
  post(request: DocumentRequest): void;
  onMessage(listener: (message: DocumentMessage) => void): void;
  onExit(listener: (cause: string) => void): void;
  kill(): void;
}

export interface ReadFileOptions extends ReadOptions {
  /** What people call it, where the path says something else. */
  readonly name?: string | undefined;
}

/** Rejects with `file-missing`, `file-empty`, `document-stalled`, `cancelled` or what `readDocument` rejects with. */
export async function readDocumentFile(
  path: string,
  options: ReadFileOptions = {},
  start: () => DocumentProcess = forkDocumentProcess,
): Promise<Document> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new ProximaError('file-missing', { path });
  if (!found.isFile()) throw new ProximaError('file-unreadable', { path, reason: 'no file' });
  await access(path, constants.R_OK).catch(() => {
    throw new ProximaError('file-unreadable', { path, reason: 'no permission' });
  });
  const child = start();
  try {
    return await outcome(child, { path, name: options.name ?? basename(path), password: options.password }, options);
  } finally {
    child.kill();
  }
}

function forkDocumentProcess(): DocumentProcess {
  const child = fork(PROGRAM, {
    execArgv: [`--max-old-space-size=${HEAP_MIB}`],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  return {
    post: (request) => void child.send(request),
    onMessage: (listener) => void child.on('message', listener as (message: unknown) => void),
    onExit: (listener) => {
      child.on('error', (cause) => listener(cause.message));
      child.on('exit', () => listener('the process that read it broke down'));
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

function outcome(child: DocumentProcess, request: DocumentRequest, options: ReadOptions): Promise<Document> {
  return new Promise<Document>((resolve, reject) => {
    const stalled = () => reject(stalledError(request.name));
    let watchdog = setTimeout(stalled, PATIENCE);
    const cancel = () => reject(new ProximaError('cancelled'));
    options.signal?.addEventListener('abort', cancel, { once: true });
    child.onMessage((message) => {
      clearTimeout(watchdog);
      watchdog = setTimeout(stalled, PATIENCE);
      if (message.type === 'progress') options.onProgress?.(message.done, message.total);
      else if (message.type === 'document') resolve(message.document);
      else reject(errorOf(message.failure));
    });
    child.onExit((cause) => {
      clearTimeout(watchdog);
      options.signal?.removeEventListener('abort', cancel);
      reject(crashError(request.name, cause));
    });
    child.post(request);
  });
}

function stalledError(name: string): ProximaError {
  return new ProximaError('document-stalled', { name, seconds: PATIENCE / 1000 });
}

function crashError(name: string, cause: string): ProximaError {
  return new ProximaError('document-damaged', { name, reason: cause });
}
