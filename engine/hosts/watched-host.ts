/** A host's process, watched: it has ended when it crashes, or when it no longer answers. */
import { errorOf, ProximaError } from '../errors.ts';
import { availableMemoryBytes } from '../runtime/available-memory.ts';
import type { HostMessage, Ping } from './host-envelope.ts';
import type { StartedHost } from './hosted-engine.ts';

/** What is needed of a process, Node's or Electron's. */
export interface EngineProcess {
  post(message: unknown): void;
  onMessage(listener: (message: HostMessage) => void): void;
  /** Also when it could not be started at all. */
  onExit(listener: (cause: string) => void): void;
  kill(): void;
}

export interface WatchedHost extends StartedHost {
  /** As shown to people: "cpu (2 threads)". */
  readonly runtime: string;
}

/** Timers, so that tests need not wait. */
export interface Clock {
  /** Calls again and again; the result ends it. */
  every(milliseconds: number, work: () => void): () => void;
}

export interface WatchOptions {
  /** Milliseconds without an answer after which a host counts as hung. */
  readonly patience?: number | undefined;
  /** Ends the host, also while it is still starting. */
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock;
  readonly availableBytes?: () => number;
}

const PATIENCE = 60_000;
/** Starting may take longer than an answer: a graphics driver is loaded. */
const START_PATIENCE = 120_000;
const PING_INTERVAL = 5_000;

const systemClock: Clock = {
  every: (milliseconds, work) => {
    const timer = setInterval(work, milliseconds);
    timer.unref();
    return () => clearInterval(timer);
  },
};

/** Resolves when the process is ready; rejects with `runtime-missing` or `engine-lost`, and has ended it then. */
export async function watchHost(child: EngineProcess, options: WatchOptions = {}): Promise<WatchedHost> {
  const { patience = PATIENCE, signal, clock = systemClock, availableBytes = availableMemoryBytes } = options;
  const interval = Math.min(PING_INTERVAL, patience / 2);
  const ended = Promise.withResolvers<string>();
  const ready = Promise.withResolvers<string>();
  const listeners: ((event: { data: unknown }) => void)[] = [];
  let over = false;
  let allowed = Math.ceil(START_PATIENCE / interval);
  /** Pings in a row without an answer. They are counted, not timed: while the machine sleeps nobody answers, and nobody asks. */
  let unanswered = 0;
  const stop = (cause: string | undefined) => {
    if (over) return;
    over = true;
    stopWatching();
    signal?.removeEventListener('abort', abort);
    ready.reject(new ProximaError('engine-lost', { reason: cause ?? 'it was ended while it started' }));
    if (cause !== undefined) ended.resolve(cause);
    child.kill();
  };
  const abort = () => stop(undefined);
  const stopWatching = clock.every(interval, () => {
    if (unanswered++ < allowed) child.post({ kind: 'ping', availableBytes: availableBytes() } satisfies Ping);
    else stop(`it has not answered for ${((allowed * interval) / 1000).toFixed(0)} seconds`);
  });
  child.onMessage((message) => {
    if (over) return;
    unanswered = 0;
    if (message.kind === 'reply') for (const listener of listeners) listener({ data: message.reply });
    else if (message.kind === 'ready') {
      allowed = Math.ceil(patience / interval);
      ready.resolve(message.runtime);
    } else if (message.kind === 'unfit') {
      ready.reject(errorOf(message.failure));
      stop(undefined);
    }
  });
  child.onExit((cause) => stop(cause));
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();
  return {
    runtime: await ready.promise,
    port: {
      postMessage: (message) => child.post(message),
      addEventListener: (_, listener) => void listeners.push(listener),
    },
    ended: ended.promise,
    terminate: () => stop(undefined),
  };
}
