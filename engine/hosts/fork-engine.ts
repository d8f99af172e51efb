/** Starts the engine's process from Node. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { WatchedHost, WatchOptions } from './watched-host.ts';
import { watchHost } from './watched-host.ts';

export type RuntimeChoice = 'auto' | 'cpu' | 'webgpu';

export interface EngineProcessOptions extends WatchOptions {
  readonly runtime: RuntimeChoice;
  readonly threads?: number | undefined;
}

/**
 * glibc raises the size from which it maps memory apart with what is freed, to 32 MiB; smaller matrices then stand in its heap, and what
 * was freed between them while a model was loaded never goes back: 520 MiB of 2.9 GiB for a model of 1.1 GiB in f16 (measured by
 * `build/bench/gguf-load.ts`, which starts its processes with the same). Other systems don't read it.
 */
export const ALLOCATION = { MALLOC_MMAP_THRESHOLD_: String(4 * 2 ** 20) };

const PROGRAM = fileURLToPath(new URL('./engine-process.ts', import.meta.url));

/** Rejects with `runtime-missing` or `engine-lost`. */
export function forkEngine({ runtime, threads, ...watch }: EngineProcessOptions): Promise<WatchedHost> {
  const child = fork(PROGRAM, [runtime, ...(threads === undefined ? [] : [String(threads)])], {
    serialization: 'advanced',
    env: { ...ALLOCATION, ...process.env },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'], // Graphics drivers write warnings that are nobody's business.
  });
  const onExit = (listener: (cause: string) => void) => {
    // Without a listener an error would end this process: a fork that failed, a message to a process that has just gone.
    child.on('error', (cause) => listener(`its process failed (${cause.message})`));
    child.on('exit', (code, signal) => listener(`its process ended (${signal ?? `exit code ${code}`})`));
  };
  return watchHost(
    {
      post: (message) => void (child.connected && child.send(message as object, () => {})),
      onMessage: (listener) => void child.on('message', listener as (message: unknown) => void),
      onExit,
      kill: () => void child.kill('SIGKILL'),
    },
    watch,
  );
}
