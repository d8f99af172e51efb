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
import type { Document, Progress, ReadOptions, RecognitionOptions } from '../documents/document.ts';
import { errorOf, type Failure, ProximaError } from '../errors.ts';
import type { JobControl } from '../jobs/job.ts';
import { logFolder } from '../log/log.ts';

export interface DocumentRequest {
  readonly type: 'read';
  readonly path: string;
  readonly name: string;
  readonly password: string | undefined;
  readonly recognition: RecognitionOptions | undefined;
}

export type DocumentOrder = DocumentRequest | { readonly type: 'pause'; readonly paused: boolean };

export type DocumentMessage =
  | { type: 'progress'; progress: Progress }
  | { type: 'document'; document: Document }
  | { type: 'failed'; failure: Failure };

/** Longest silence of the process before it counts as stuck, in milliseconds. */
const PATIENCE = 20_000;
const TICKS = 10;
const HEAP_MIB = 2048;
/** A document that takes a parser over can start no program and write no file (https://nodejs.org/api/permissions.html). */
export const WRITING_NOTHING: readonly string[] = [
  '--permission',
  '--allow-fs-read=*',
  '--allow-addons',
  '--allow-worker',
];
const PROGRAM = fileURLToPath(new URL('./document-process.ts', import.meta.url));

/** What is needed of a process that reads a document, Node's or Electron's. */
export interface DocumentProcess {
  post(order: DocumentOrder): void;
  onMessage(listener: (message: DocumentMessage) => void): void;
  onExit(listener: (cause: string) => void): void;
  kill(): void;
}

export interface ReadFileOptions extends Omit<ReadOptions, 'whenResumed'> {
  /** What people call it, where the path says something else. */
  readonly name?: string | undefined;
  /** Whose pauses hold for the reading too. */
  readonly control?: Pick<JobControl, 'paused' | 'onPause'> | undefined;
}

/** Rejects with `file-missing`, `file-empty`, `file-too-large`, `document-stalled`, `cancelled` or what `readDocument` rejects with. */
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
    const { name = basename(path), password, recognition } = options;
    return await outcome(child, { type: 'read', path, name, password, recognition }, options);
  } finally {
    child.kill();
  }
}

/** But for its log. */
function logWriting(): string[] {
  const folder = logFolder();
  return folder === undefined ? [] : [`--allow-fs-write=${folder}`];
}

function forkDocumentProcess(): DocumentProcess {
  const child = fork(PROGRAM, {
    execArgv: [`--max-old-space-size=${HEAP_MIB}`, ...WRITING_NOTHING, ...logWriting()],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  return {
    post: (order) => void (child.connected && child.send(order)),
    onMessage: (listener) => void child.on('message', listener as (message: unknown) => void),
    onExit: (listener) => {
      child.on('error', (cause) => listener(cause.message));
      child.on('exit', () => listener('the process that read it broke down'));
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

function outcome(child: DocumentProcess, request: DocumentRequest, options: ReadFileOptions): Promise<Document> {
  const { signal, control, onProgress } = options;
  return new Promise<Document>((resolve, reject) => {
    const watchdog = new Watchdog(() => reject(stalledError(request.name)));
    const cancel = () => reject(new ProximaError('cancelled'));
    const pause = (paused: boolean) => {
      child.post({ type: 'pause', paused });
      if (paused) watchdog.rest();
      else watchdog.heard();
    };
    const end = () => {
      watchdog.end();
      signal?.removeEventListener('abort', cancel);
    };
    signal?.addEventListener('abort', cancel, { once: true });
    child.onMessage((message) => {
      if (!control?.paused) watchdog.heard();
      if (message.type === 'progress') onProgress?.(message.progress);
      else if (message.type === 'document') resolve(message.document);
      else reject(errorOf(message.failure));
    });
    child.onExit((cause) => {
      end();
      reject(crashError(request.name, cause));
    });
    child.post(request);
    control?.onPause(pause);
    if (control?.paused) pause(true);
  });
}

/**
 * Calls back when nothing was heard for too long, but not while the process was told to rest. It counts ticks, not time: a machine
 * that slept wakes up to a clock that is far ahead, and the process has slept as long.
 */
class Watchdog {
  readonly #timer: ReturnType<typeof setInterval>;
  #silent = 0;
  #resting = false;

  constructor(stalled: () => void) {
    this.#timer = setInterval(() => {
      if (this.#resting) return;
      this.#silent += 1;
      if (this.#silent < TICKS) return;
      this.end();
      stalled();
    }, PATIENCE / TICKS);
  }

  heard(): void {
    this.#silent = 0;
    this.#resting = false;
  }

  rest(): void {
    this.#resting = true;
  }

  end(): void {
    clearInterval(this.#timer);
  }
}

function stalledError(name: string): ProximaError {
  return new ProximaError('document-stalled', { name, seconds: PATIENCE / 1000 });
}

function crashError(name: string, cause: string): ProximaError {
  return new ProximaError('document-damaged', { name, reason: cause });
}
