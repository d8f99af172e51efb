/** The documents: adding them, taking their text out one after the other, and telling what has become of them. */
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { Document, Page } from '../../engine/documents/document.ts';
import { errorOf, type Failure, failureOf, ProximaError } from '../../engine/errors.ts';
import type { ReadFileOptions } from '../../engine/hosts/document-reader.ts';
import type { DocumentEntry, ReadingState } from '../contract.ts';
import type { DocumentStore } from './document-store.ts';

export interface LibraryParts {
  readonly store: DocumentStore;
  readonly readFile: (path: string, options: ReadFileOptions) => Promise<Document>;
  readonly readingOf: (document: string) => ReadingState;
  readonly onChange: (document: DocumentEntry) => void;
  /** The document's pages are known now. */
  readonly onStored: (document: string) => void;
  /** Something could not be kept or read back; the documents that follow are taken in all the same. */
  readonly onFailure: (failure: Failure) => void;
}

const NO_TEXT: Failure = { code: 'unexpected', detail: { reason: 'no text was taken out of the document' } };
const LOCKS: ReadonlySet<string> = new Set(['document-encrypted', 'password-wrong']);

export class Library {
  readonly #parts: LibraryParts;
  readonly #opening = new Map<string, { done: number; total: number }>();
  readonly #controllers = new Map<string, AbortController>();
  /** Settled when a document's turn in the queue is over. */
  readonly #stored = new Map<string, Promise<void>>();
  #queue: Promise<void> = Promise.resolve();

  constructor(parts: LibraryParts) {
    this.#parts = parts;
  }

  list(): DocumentEntry[] {
    return this.#parts.store.list().map((stored) => this.#entry(stored.id));
  }

  pages(document: string): Page[] {
    this.#parts.store.get(document);
    return this.#parts.store.pages(document);
  }

  /** The pages once they have been taken out. Rejects with what kept them from it. */
  async whenStored(document: string): Promise<Page[]> {
    const { store } = this.#parts;
    await this.#stored.get(document);
    const { state, failure } = store.get(document);
    if (state !== 'stored') {
      throw errorOf(failure ?? NO_TEXT);
    }
    return store.pages(document);
  }

  /** Resolves when the file is kept; its text is taken out afterwards. */
  async add(name: string, content: Readable): Promise<DocumentEntry> {
    const id = randomUUID();
    await this.#parts.store.add(id, name, content);
    this.changed(id);
    this.#enqueue(id);
    return this.#entry(id);
  }

  unlock(document: string, password: string): void {
    this.#parts.store.get(document);
    this.#parts.store.setState(document, 'queued');
    this.changed(document);
    this.#enqueue(document, password);
  }

  /** Takes up what was under way when Proxima ended. */
  resume(): void {
    for (const { id, state } of this.#parts.store.list().toReversed())
      if (state === 'queued' || state === 'opening') this.#enqueue(id);
  }

  remove(document: string): void {
    this.#parts.store.get(document);
    this.#controllers.get(document)?.abort();
    this.#stored.delete(document);
    this.#parts.store.remove(document);
  }

  /** Stops what is under way; it is taken up at the next start. */
  close(): void {
    for (const controller of this.#controllers.values()) controller.abort();
  }

  setTokens(document: string, tokens: number): void {
    this.#parts.store.setTokens(document, tokens);
    this.changed(document);
  }

  /** To be called when something of a document has changed; it may be gone already. */
  changed(document: string): void {
    try {
      this.#parts.onChange(this.#entry(document));
    } catch (cause) {
      if (!(cause instanceof ProximaError && cause.code === 'entry-missing')) this.#parts.onFailure(failureOf(cause));
    }
  }

  #entry(document: string): DocumentEntry {
    const opening = this.#opening.get(document) ?? null;
    return { ...this.#parts.store.get(document), opening, reading: this.#parts.readingOf(document) };
  }

  #enqueue(document: string, password?: string): void {
    const controller = new AbortController();
    this.#controllers.set(document, controller);
    this.#queue = this.#queue.then(() => this.#open(document, password, controller.signal));
    this.#stored.set(document, this.#queue);
  }

  /** Never rejects: what goes wrong is said at the document. */
  async #open(document: string, password: string | undefined, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { store, readFile } = this.#parts;
    try {
      store.setState(document, 'opening');
      const { name } = store.get(document);
      const onProgress = (done: number, total: number) => {
        this.#opening.set(document, { done, total });
        this.changed(document);
      };
      this.changed(document);
      store.keepPages(document, await readFile(store.file(document), { name, password, signal, onProgress }));
      this.#end(document);
      this.#parts.onStored(document);
    } catch (cause) {
      this.#fail(document, cause, signal);
    }
  }

  #fail(document: string, cause: unknown, signal: AbortSignal): void {
    if (!signal.aborted) {
      const failure = failureOf(cause);
      try {
        this.#parts.store.setState(document, LOCKS.has(failure.code) ? 'locked' : 'failed', failure);
      } catch {
        // The disk that can't take the document can't take its failure either; the entry stays as it was.
      }
    }
    this.#end(document);
  }

  #end(document: string): void {
    this.#opening.delete(document);
    this.#controllers.delete(document);
    this.changed(document);
  }
}
