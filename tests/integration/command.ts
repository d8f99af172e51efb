/** Runs the command line as a user would, and collects what it prints. */
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');
export const SAMPLE = join(ROOT, 'assets/samples/katrine-papers.pdf');
export const READER = join(ROOT, 'assets/models/reader');

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `interruptAfter`: text on stderr or stdout after which Ctrl-C is sent. */
export function ask(args: readonly string[], interruptAfterMs?: number): Promise<Outcome> {
  const child = spawn(process.execPath, [join(ROOT, 'engine/programs/ask.ts'), ...args], { cwd: ROOT });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const timer = interruptAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGINT'), interruptAfterMs);
  return new Promise((resolve) => {
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
  });
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'proxima-test-'));
}
