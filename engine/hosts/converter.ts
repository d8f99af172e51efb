/** What is said to a process that reads GGUF files, and how Node starts one. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Failure } from '../errors.ts';
import type { GgufDescription } from '../folders/describe-gguf.ts';
import type { FoundFile } from '../folders/find-models.ts';

export const convertRequestSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('convert'), path: z.string().min(1), folder: z.string().min(1) }),
  z.object({ type: z.literal('find'), home: z.string().min(1) }),
]);
export type ConvertRequest = z.infer<typeof convertRequestSchema>;

export type FoundModel = FoundFile & GgufDescription;

export type ConvertMessage =
  | { type: 'progress'; done: number; total: number }
  | { type: 'converted' }
  | { type: 'found'; models: FoundModel[] }
  | { type: 'failed'; failure: Failure };

/** What is needed of such a process, Node's or Electron's. */
export interface ConvertProcess {
  post(request: ConvertRequest): void;
  onMessage(listener: (message: ConvertMessage) => void): void;
  onExit(listener: () => void): void;
  kill(): void;
}

const PROGRAM = fileURLToPath(new URL('./convert-process.ts', import.meta.url));

export function forkConverter(): ConvertProcess {
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
