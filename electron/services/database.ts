/** Everything that is kept, in one SQLite file of the data folder; the documents' own files lie beside it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { ProximaError } from '../../engine/errors.ts';
import { MIGRATIONS } from './migrations/migrations.ts';

/** SQLite's result codes: https://sqlite.org/rescode.html */
const BUSY = 5;
const READ_ONLY = 8;
const INPUT_OUTPUT = 10;
const FULL = 13;
const CANNOT_OPEN = 14;

const REASONS: ReadonlyMap<number, string> = new Map([
  [BUSY, 'another running Proxima is using the data folder'],
  [INPUT_OUTPUT, 'the disk reported an error'],
]);

const PATIENCE = 3000;

type Row = Record<string, SQLInputValue>;

/** Every method throws `storage-full`, `storage-read-only` or `storage-failed`. */
export class Database {
  readonly #sqlite: DatabaseSync;

  /** Throws `storage-newer` as well, and then leaves the file as it is. `patience`: milliseconds to wait while another writes. */
  constructor(folder: string, patience: number = PATIENCE) {
    this.#sqlite = guarded(() => {
      mkdirSync(folder, { recursive: true });
      return new DatabaseSync(join(folder, 'proxima.sqlite'), { timeout: patience });
    });
    try {
      this.#requireKnown();
      guarded(() => this.#sqlite.exec('PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;'));
      this.#migrate();
    } catch (cause) {
      this.#sqlite.close();
      throw cause;
    }
  }

  all<Result extends object>(sql: string, ...values: SQLInputValue[]): Result[] {
    return guarded(() => this.#sqlite.prepare(sql).all(...values) as Row[]) as Result[];
  }

  one<Result extends object>(sql: string, ...values: SQLInputValue[]): Result | undefined {
    return guarded(() => this.#sqlite.prepare(sql).get(...values) as Row | undefined) as Result | undefined;
  }

  run(sql: string, ...values: SQLInputValue[]): void {
    guarded(() => this.#sqlite.prepare(sql).run(...values));
  }

  /** All of it or nothing. */
  transaction(work: () => void): void {
    this.run('BEGIN IMMEDIATE');
    try {
      work();
      this.run('COMMIT');
    } catch (cause) {
      // A full disk has ended the transaction by itself.
      if (this.#sqlite.isTransaction) this.run('ROLLBACK');
      throw cause;
    }
  }

  close(): void {
    this.#sqlite.close();
  }

  get #version(): number {
    return this.one<{ user_version: number }>('PRAGMA user_version')?.user_version ?? 0;
  }

  #requireKnown(): void {
    const found = this.#version;
    const known = MIGRATIONS.length;
    if (found > known) throw new ProximaError('storage-newer', { found, known });
  }

  /** Each step is whole or not at all, and another Proxima that starts at the same moment does none of them twice. */
  #migrate(): void {
    if (this.#version === MIGRATIONS.length) return;
    for (const [index, migration] of MIGRATIONS.entries()) {
      this.transaction(() => {
        if (this.#version > index) return;
        guarded(() => migration(this.#sqlite));
        this.run(`PRAGMA user_version = ${index + 1}`);
      });
    }
  }
}

function guarded<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    throw storageError(cause);
  }
}

/** A failure of SQLite or of the file system, as one of the storage's three kinds. */
export function storageError(cause: unknown): ProximaError {
  if (cause instanceof ProximaError) return cause;
  const { errcode, code, message } = cause as { errcode?: number; code?: string; message?: string };
  const kind = errcode === undefined ? undefined : errcode & 0xff;
  if (kind === FULL || code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    return new ProximaError('storage-full', { what: '', neededBytes: null, freeBytes: null });
  }
  if (kind === READ_ONLY || kind === CANNOT_OPEN || ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR'].includes(code ?? '')) {
    return new ProximaError('storage-read-only');
  }
  const reason = (kind === undefined ? undefined : REASONS.get(kind)) ?? message ?? String(cause);
  return new ProximaError('storage-failed', { what: '', reason });
}
