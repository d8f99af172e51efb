/** What is kept of each document: its file, its pages' text, and what is to be said of it. */
import { closeSync, createWriteStream, openSync, readSync, rmSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Document, Page } from '../../engine/documents/document.ts';
import { type Failure, ProximaError } from '../../engine/errors.ts';
import { noteWords } from '../../engine/words/note-words.ts';
import type { DocumentEntry } from '../contract.ts';
import { type Database, storageError } from './database.ts';

export type StoredDocument = Omit<DocumentEntry, 'reading' | 'opening'>;

interface Row {
  id: string;
  title: string;
  name: string;
  kind: 'pdf' | 'text';
  bytes: number;
  added: number;
  state: DocumentEntry['state'];
  pages: number;
  tokens: number | null;
  warnings: string;
  failure: string | null;
}

const SELECT = `SELECT documents.*, (SELECT count(*) FROM pages WHERE document = documents.id) AS pages FROM documents`;
const HEAD_BYTES = 1024;

/** Methods that name a document throw `entry-missing` where there is none; those that write, the storage's errors. */
export class DocumentStore {
  readonly #database: Database;
  readonly #folder: string;

  constructor(database: Database, dataFolder: string) {
    this.#database = database;
    this.#folder = join(dataFolder, 'documents');
  }

  list(): StoredDocument[] {
    return this.#database.all<Row>(`${SELECT} ORDER BY added DESC`).map(documentOf);
  }

  get(id: string): StoredDocument {
    const row = this.#database.one<Row>(`${SELECT} WHERE id = ?`, id);
    if (row) return documentOf(row);
    throw new ProximaError('entry-missing', { what: 'document', name: '' });
  }

  file(id: string): string {
    return join(this.#folder, id);
  }

  /** Keeps a file whole or not at all. `bytes` stops at the limit with `request-invalid`. */
  async add(id: string, name: string, content: Readable): Promise<StoredDocument> {
    const partial = `${this.file(id)}.partial`;
    try {
      await mkdir(this.#folder, { recursive: true });
      const file = createWriteStream(partial);
      await pipeline(content, file);
      await rename(partial, this.file(id));
      this.#database.run(
        `INSERT INTO documents (id, title, name, kind, bytes, added, state) VALUES (?, ?, ?, ?, ?, ?, 'queued')`,
        id,
        name,
        name,
        isPdf(this.file(id)) ? 'pdf' : 'text',
        file.bytesWritten,
        Date.now(),
      );
      return this.get(id);
    } catch (cause) {
      rmSync(partial, { force: true });
      rmSync(this.file(id), { force: true });
      throw storageError(cause);
    }
  }

  setState(id: string, state: DocumentEntry['state'], failure: Failure | null = null): void {
    this.#database.run(
      'UPDATE documents SET state = ?, failure = ? WHERE id = ?',
      state,
      failure && JSON.stringify(failure),
      id,
    );
  }

  setTokens(id: string, tokens: number): void {
    this.#database.run('UPDATE documents SET tokens = ? WHERE id = ?', tokens, id);
  }

  /** The document's text, which makes it stored. */
  keepPages(id: string, { title, pages, notes }: Document): void {
    this.#database.transaction(() => {
      this.#database.run('DELETE FROM pages WHERE document = ?', id);
      for (const { number, text } of pages)
        this.#database.run('INSERT INTO pages (document, number, text) VALUES (?, ?, ?)', id, number, text);
      this.#database.run(
        `UPDATE documents SET state = 'stored', failure = NULL, title = coalesce(?, title), warnings = ? WHERE id = ?`,
        title?.trim() || null,
        JSON.stringify(notes.map(noteWords)),
        id,
      );
    });
  }

  pages(id: string): Page[] {
    return this.#database.all('SELECT number, text FROM pages WHERE document = ? ORDER BY number', id);
  }

  remove(id: string): void {
    this.#database.run('DELETE FROM documents WHERE id = ?', id);
    rmSync(this.file(id), { force: true });
  }
}

function documentOf({ warnings, failure, ...row }: Row): StoredDocument {
  return {
    ...row,
    warnings: JSON.parse(warnings) as string[],
    failure: failure === null ? null : (JSON.parse(failure) as Failure),
  };
}

function isPdf(path: string): boolean {
  const head = Buffer.alloc(HEAD_BYTES);
  const file = openSync(path, 'r');
  try {
    return head.subarray(0, readSync(file, head, 0, HEAD_BYTES, 0)).includes('%PDF-');
  } finally {
    closeSync(file);
  }
}
