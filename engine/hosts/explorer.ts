/** What is said to a process that explores a model, and how Node starts one. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Failure } from '../errors.ts';
import type { Exploration } from '../explore/find-plan.ts';

export const exploreRequestSchema = z.object({
  folder: z.string().min(1),
  documents: z.array(z.object({ name: z.string(), text: z.string() })).min(1),
  goal: z.object({ delta: z.number().optional(), saving: z.number().optional() }),
  /** A file for what was measured, so that an exploration that was ended goes on where it stood. */
  measured: z.string().min(1).optional(),
  threads: z.number().int().positive().optional(),
});
export type ExploreRequest = z.infer<typeof exploreRequestSchema>;

export type ExploreMessage =
  | { type: 'progress'; done: number; total: number }
  | { type: 'found'; exploration: Exploration }
  | { type: 'failed'; failure: Failure };

/** What is needed of such a process, Node's or Electron's. */
export interface ExploreProcess {
  post(request: ExploreRequest): void;
  onMessage(listener: (message: ExploreMessage) => void): void;
  onExit(listener: () => void): void;
  kill(): void;
}

const PROGRAM = fileURLToPath(new URL('./explore-process.ts', import.meta.url));

export function forkExplorer(): ExploreProcess {
  const child = fork(PROGRAM, { serialization: 'advanced', stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  return {
    post: (request) => void child.send(request),
    onMessage: (listener) => void child.on('message', listener as (message: unknown) => void),
    onExit: (listener) => {
      child.on('error', listener);
      child.on('exit', listener);
    },
    kill: () => void child.kill('SIGKILL'),
  };
}
