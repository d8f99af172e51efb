/** Starts the engine's process from Node and watches over it: it has ended when it crashes, or no longer answers. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { errorOf, ProximaError } from '../errors.ts';
import type { HostMessage } from './host-envelope.ts';
import type { Reply } from './protocol.ts';
import type { StartedHost } from './resilient-engine.ts';

export type RuntimeChoice = 'auto' | 'cpu' | 'webgpu';

export interface EngineProcessOptions {
  readonly runtime: RuntimeChoice;
  readonly threads?: number | undefined;
  /** Milliseconds without an answer after which the process counts as hung. */
  readonly patience?: number | undefined;
}

/** What is needed of a process, Node's or Electron's. */
export interface EngineProcess {
  post(message: unknown): void;
  onMessage(listener: (message: HostMessage) => void): void;
  onExit(listener: (cause: string) => void): void;
  kill(): void;
}

export interface EngineHost extends StartedHost {
  /** As shown to people: "cpu (2 threads)". */
  readonly runtime: string;
}

const PROGRAM = fileURLToPath(new URL('./engine-process.ts', import.meta.url));
const PATIENCE = 60_000;
/** Starting may take longer than an answer: a graphics driver is loaded. */
const START_PATIENCE = 120_000;
const PING_INTERVAL = 5_000;

export function forkEngine({ runtime, threads, patience }: EngineProcessOptions): Promise<EngineHost> {
  const child = fork(PROGRAM, [runtime, ...(threads === undefined ? [] : [String(threads)])], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'], // Graphics drivers write warnings that are nobody's business.
  });
  return superviseEngine(
    {
      post: (message) => void (child.connected && child.send(message as object)),
      onMessage: (listener) => void child.on('message', listener as (message: unknown) => void),
      onExit: (listener) =>
        void child.on('exit', (code, signal) => listener(`its process ended (${signal ?? `exit code ${code}`})`)),
      kill: () => void child.kill('SIGKILL'),
    },
    patience,
  );
}

/** Resolves when the process is ready; rejects with `runtime-missing` or `engine-lost`. */
export async function superviseEngine(child: EngineProcess, patience: number = PATIENCE): Promise<EngineHost> {
  const ended = Promise.withResolvers<string>();
  const ready = Promise.withResolvers<string>();
  const listeners: ((event: { data: unknown }) => void)[] = [];
  let asked = false;
  let heard = Date.now() + START_PATIENCE - patience;
  const watchdog = setInterval(
    () => {
      if (Date.now() - heard > patience)
        stop(`it has not answered for ${((Date.now() - heard) / 1000).toFixed(0)} seconds`);
      else child.post('ping');
    },
    Math.min(PING_INTERVAL, patience / 2),
  );
  watchdog.unref();
  const stop = (cause: string | undefined) => {
    clearInterval(watchdog);
    if (cause !== undefined && !asked) ended.resolve(cause);
    asked = true;
    child.kill();
  };
  child.onMessage((message) => {
    heard = Date.now();
    if (message.kind === 'reply') for (const listener of listeners) listener({ data: message.reply as Reply });
    else if (message.kind === 'ready') ready.resolve(message.runtime);
    else if (message.kind === 'unfit') {
      ready.reject(errorOf(message.failure));
      stop(undefined);
    }
  });
  child.onExit((cause) => {
    ready.reject(new ProximaError('engine-lost', { reason: `it did not start: ${cause}` }));
    stop(cause);
  });
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
