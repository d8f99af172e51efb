/** Everything that is kept, in one SQLite file of the data folder; the documents' own files lie beside it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { ProximaError } from '../../engine/errors.ts';

const VERSION = 1;

const TABLES = `
  CREATE TABLE documents (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
    bytes INTEGER NOT NULL, added INTEGER NOT NULL,
    state TEXT NOT NULL, tokens INTEGER, warnings TEXT NOT NULL DEFAULT '[]', failure TEXT
  ) STRICT;
  CREATE TABLE pages (
    document TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE, number INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (document, number)
  ) STRICT;
  CREATE TABLE conversations (
    id TEXT PRIMARY KEY, document TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE, title TEXT NOT NULL,
    created INTEGER NOT NULL, changed INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE turns (
    id TEXT PRIMARY KEY, conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    place INTEGER NOT NULL, question TEXT NOT NULL, asked INTEGER NOT NULL, answers TEXT NOT NULL
  ) STRICT;
  CREATE INDEX turns_by_conversation ON turns (conversation, place);
  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
`;

/** SQLite's result codes: https://sqlite.org/rescode.html */
const READ_ONLY = 8;
const INPUT_OUTPUT = 10;
const FULL = 13;
const CANNOT_OPEN = 14;

type Row = Record<string, SQLInputValue>;

/** Every method throws `storage-full`, `storage-read-only` or `storage-failed`. */
export class Database {
  readonly #sqlite: DatabaseSync;

  constructor(folder: string) {
    this.#sqlite = guarded(() => {
      mkdirSync(folder, { recursive: true });
      const sqlite = new DatabaseSync(join(folder, 'proxima.sqlite'));
      sqlite.exec('PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 3000;');
      return sqlite;
    });
    this.#create();
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

  #create(): void {
    const found = this.one<{ user_version: number }>('PRAGMA user_version')?.user_version ?? 0;
    if (found > VERSION) {
      throw new ProximaError('storage-newer', { found, known: VERSION });
    }
    if (found === VERSION) return;
    this.transaction(() => {
      guarded(() => this.#sqlite.exec(TABLES));
      this.run(`PRAGMA user_version = ${VERSION}`);
    });
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
  const what = kind === INPUT_OUTPUT ? 'the disk reported an error' : (message ?? String(cause));
  return new ProximaError('storage-failed', { what: '', reason: what });
}
