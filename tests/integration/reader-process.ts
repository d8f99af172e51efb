/** A process that reads one document after the other for the tests of hostile ones, and is replaced when one ends it. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { WRITING_NOTHING } from '../../engine/hosts/document-reader.ts';
import type { Told } from './reading-child.ts';

const LONGEST_MILLISECONDS = 30_000;

export class ReaderProcess {
  #child: ChildProcess | undefined;

  /** Rejects when the process ends, or makes no progress for 30 seconds. */
  read(path: string, name: string, mostPages = 0): Promise<Told> {
    const child = this.#child ?? this.#start();
    return new Promise((resolve, reject) => {
      const ended = (why: string) => {
        clearTimeout(timer);
        this.close();
        reject(new Error(`${name}: ${why}`));
      };
      const hung = () => ended('made no progress for 30 seconds');
      let timer = setTimeout(hung, LONGEST_MILLISECONDS);
      child.once('exit', () => ended('its process ended'));
      child.on('message', (told: Told | 'progress') => {
        clearTimeout(timer);
        if (told === 'progress') timer = setTimeout(hung, LONGEST_MILLISECONDS);
        else {
          child.removeAllListeners();
          resolve(told);
        }
      });
      child.send({ path, name, mostPages });
    });
  }

  close(): void {
    this.#child?.removeAllListeners();
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }

  #start(): ChildProcess {
    const program = join(import.meta.dirname, 'reading-child.ts');
    this.#child = fork(program, { execArgv: ['--max-old-space-size=2048', ...WRITING_NOTHING], stdio: 'ignore' });
    return this.#child;
  }
}
