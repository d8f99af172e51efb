/** What is kept of each document: its file, its pages' text, and what is to be said of it. */
import { closeSync, createWriteStream, openSync, readSync, rmSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  type Document,
  type Heading,
  type LeftOut,
  type Note,
  type Page,
  type RecognitionOptions,
  withLeftOut,
} from '../../engine/documents/document.ts';
import type { RecognisedWord } from '../../engine/documents/recognition/recogniser.ts';
import { type Failure, ProximaError } from '../../engine/errors.ts';
import { noteWords } from '../../engine/words/note-words.ts';
import type { DocumentDetails, DocumentEntry, Scans } from '../contract.ts';
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
  scans: string;
  failure: string | null;
}

const COLUMNS = 'id, title, name, kind, bytes, added, state, tokens, warnings, scans, failure';
const SELECT = `SELECT ${COLUMNS}, (SELECT count(*) FROM pages WHERE document = documents.id) AS pages FROM documents`;
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

  /** The document's text, which makes it stored, or has the reader asked what is to become of its scans. */
  keepPages(id: string, { title, pages, outline, leftOut, notes }: Document): void {
    const scans = scansOf(pages, notes);
    const failure: Failure | null = scans.offered && { code: 'recognition-needed', detail: scans.offered };
    this.#database.transaction(() => {
      for (const table of ['pages', 'details']) this.#database.run(`DELETE FROM ${table} WHERE document = ?`, id);
      for (const page of pages) this.#keepPage(id, page);
      this.#database.run(
        'INSERT INTO details (document, outline, left_out) VALUES (?, ?, ?)',
        id,
        JSON.stringify(outline),
        JSON.stringify(leftOut),
      );
      this.#database.run(
        `UPDATE documents SET state = ?, failure = ?, title = coalesce(?, title), warnings = ?, scans = ?, tokens = NULL
         WHERE id = ?`,
        scans.offered ? 'asking' : 'stored',
        failure && JSON.stringify(failure),
        title?.trim() || null,
        JSON.stringify(notes.map((note) => noteWords(note, 'app'))),
        JSON.stringify(scans),
        id,
      );
    });
  }

  #keepPage(id: string, { number, label, text, recognised }: Page): void {
    this.#database.run(
      'INSERT INTO pages (document, number, label, text, confidence, words) VALUES (?, ?, ?, ?, ?, ?)',
      id,
      number,
      label ?? null,
      text,
      recognised?.confidence ?? null,
      recognised ? JSON.stringify(recognised.words) : null,
    );
  }

  /** As they are read: with what was left out of them where it was put back. */
  pages(id: string): Page[] {
    const pages = this.#database.all<Page>('SELECT number, text FROM pages WHERE document = ? ORDER BY number', id);
    return this.isPutBack(id) ? withLeftOut({ pages, leftOut: this.#leftOut(id) }) : pages;
  }

  words(id: string, page: number): RecognisedWord[] {
    const row = this.#database.one<{ words: string | null }>(
      'SELECT words FROM pages WHERE document = ? AND number = ?',
      id,
      page,
    );
    return JSON.parse(row?.words ?? '[]') as RecognisedWord[];
  }

  details(id: string): DocumentDetails {
    const row = this.#database.one<{ outline: string }>('SELECT outline FROM details WHERE document = ?', id);
    const facts = this.#database.all<{ page: number; label: string | null; confidence: number | null }>(
      'SELECT number AS page, label, confidence FROM pages WHERE document = ? ORDER BY number',
      id,
    );
    return {
      outline: JSON.parse(row?.outline ?? '[]') as Heading[],
      leftOut: this.#leftOut(id),
      putBack: this.isPutBack(id),
      recognised: facts.flatMap(({ page, confidence }) => (confidence === null ? [] : [{ page, confidence }])),
      labels: facts.flatMap(({ page, label }) => (label === null ? [] : [{ page, label }])),
    };
  }

  isPutBack(id: string): boolean {
    return this.#database.one<{ put: number }>('SELECT put_back AS put FROM documents WHERE id = ?', id)?.put === 1;
  }

  setPutBack(id: string, putBack: boolean): void {
    this.#database.run('UPDATE documents SET put_back = ?, tokens = NULL WHERE id = ?', putBack ? 1 : 0, id);
  }

  /** How its scans are to be recognised, once the reader has said so. */
  recognition(id: string): RecognitionOptions | undefined {
    const row = this.#database.one<{ recognition: string | null }>(
      'SELECT recognition FROM documents WHERE id = ?',
      id,
    );
    return row?.recognition ? (JSON.parse(row.recognition) as RecognitionOptions) : undefined;
  }

  setRecognition(id: string, recognition: RecognitionOptions): void {
    this.#database.run('UPDATE documents SET recognition = ? WHERE id = ?', JSON.stringify(recognition), id);
  }

  #leftOut(id: string): LeftOut[] {
    const row = this.#database.one<{ left: string }>('SELECT left_out AS left FROM details WHERE document = ?', id);
    return JSON.parse(row?.left ?? '[]') as LeftOut[];
  }

  remove(id: string): void {
    this.#database.run('DELETE FROM documents WHERE id = ?', id);
    rmSync(this.file(id), { force: true });
  }
}

function scansOf(pages: readonly Page[], notes: readonly Note[]): Scans {
  const offered = notes.find((note) => note.code === 'recognition-offered');
  return {
    offered: offered ? { pages: offered.pages.length, seconds: offered.seconds } : null,
    recognised: pages.filter(({ recognised }) => recognised).length,
  };
}

function documentOf({ warnings, scans, failure, ...row }: Row): StoredDocument {
  return {
    ...row,
    scans: JSON.parse(scans) as Scans,
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
