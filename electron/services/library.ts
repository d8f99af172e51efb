/** The documents: adding them, taking their text out one after the other, and telling what has become of them. */
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { Document, Page, Progress } from '../../engine/documents/document.ts';
import type { Language } from '../../engine/documents/recognition/languages.ts';
import { errorOf, type Failure, failureOf, ProximaError } from '../../engine/errors.ts';
import type { ReadFileOptions } from '../../engine/hosts/document-reader.ts';
import { type Job, type JobControl, startJob } from '../../engine/jobs/job.ts';
import type { DocumentEntry, OpeningState, ReadingState } from '../contract.ts';
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

/** A document whose text is being taken out, or waits for it. */
interface Opening {
  readonly job: Job<void>;
  state: OpeningState | null;
}

export class Library {
  readonly #parts: LibraryParts;
  readonly #openings = new Map<string, Opening>();
  /** Settled when a document's turn in the queue is over. */
  readonly #stored = new Map<string, Promise<void>>();
  /** Of documents that may have to be opened again, until they are stored; kept nowhere else. */
  readonly #passwords = new Map<string, string>();
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
    this.#passwords.set(document, password);
    this.openAgain(document);
  }

  openAgain(document: string): void {
    this.#parts.store.setState(document, 'queued');
    this.changed(document);
    this.#enqueue(document);
  }

  /** Takes the text out again, with the words of scanned pages. It is gone on with at the next start. */
  recognise(document: string, language: Language): void {
    this.#parts.store.get(document);
    this.#parts.store.setRecognition(document, { language, mostPages: Number.MAX_SAFE_INTEGER });
    this.openAgain(document);
  }

  /** Nothing where the reader is not asked, or where no other page has text. */
  goWithoutScans(document: string): void {
    const { store } = this.#parts;
    const { state } = store.get(document);
    if (state !== 'asking' || store.pages(document).every(({ text }) => text === '')) return;
    store.setState(document, 'stored');
    this.changed(document);
    this.#isStored(document);
  }

  pauseOpening(document: string, paused: boolean): void {
    const opening = this.#openings.get(document);
    if (!opening?.state) return;
    opening.state = { ...opening.state, paused };
    if (paused) opening.job.pause();
    else opening.job.resume();
    this.changed(document);
  }

  /** Stops taking the text out. Where scans were being recognised the other pages stay, and the reader is asked again. */
  cancelOpening(document: string): void {
    const opening = this.#openings.get(document);
    if (!opening) return;
    opening.job.cancel();
    this.#openings.delete(document);
    if (opening.state?.stage === 'recognising') {
      this.#parts.store.setRecognition(document, { mostPages: 0 });
      this.openAgain(document);
    } else {
      this.#parts.store.setState(document, 'failed', { code: 'opening-stopped', detail: {} });
      this.changed(document);
    }
  }

  /** What was left out of the text goes back into it, or out again; it has to be read anew then. */
  putBack(document: string, putBack: boolean): void {
    const { store, onStored } = this.#parts;
    const { state } = store.get(document);
    store.setPutBack(document, putBack);
    this.changed(document);
    if (state === 'stored') onStored(document);
  }

  /** Takes up what was under way when Proxima ended. */
  resume(): void {
    for (const { id, state } of this.#parts.store.list().toReversed())
      if (state === 'queued' || state === 'opening') this.#enqueue(id);
  }

  remove(document: string): void {
    this.#parts.store.get(document);
    this.#openings.get(document)?.job.cancel();
    for (const known of [this.#openings, this.#stored, this.#passwords]) known.delete(document);
    this.#parts.store.remove(document);
  }

  /** Stops what is under way; it is taken up at the next start. */
  close(): void {
    for (const { job } of this.#openings.values()) job.cancel();
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
    const opening = this.#openings.get(document)?.state ?? null;
    return { ...this.#parts.store.get(document), opening, reading: this.#parts.readingOf(document) };
  }

  #enqueue(document: string): void {
    this.#openings.get(document)?.job.cancel();
    const before = this.#queue;
    const turn = Promise.withResolvers<void>();
    this.#queue = turn.promise;
    this.#stored.set(document, turn.promise);
    const opening: Opening = {
      job: startJob(async (control) => {
        await before;
        await this.#open(document, opening, control).finally(turn.resolve);
      }),
      state: null,
    };
    this.#openings.set(document, opening);
  }

  /** Never rejects: what goes wrong is said at the document. */
  async #open(document: string, opening: Opening, control: JobControl): Promise<void> {
    const { signal } = control;
    if (signal.aborted) return;
    const { store, readFile } = this.#parts;
    try {
      store.setState(document, 'opening');
      const { name } = store.get(document);
      const onProgress = (progress: Progress) => this.#progress(document, opening, progress);
      this.changed(document);
      const [password, recognition] = [this.#passwords.get(document), store.recognition(document)];
      const options = { name, password, recognition, signal, control, onProgress };
      const read = await readFile(store.file(document), options);
      if (signal.aborted) return;
      store.keepPages(document, read);
      this.#end(document, opening);
      if (store.get(document).state === 'stored') this.#isStored(document);
    } catch (cause) {
      this.#fail(document, opening, cause, signal);
    }
  }

  #isStored(document: string): void {
    this.#passwords.delete(document);
    this.#parts.onStored(document);
  }

  /** Told where it differs: signs of life come often. */
  #progress(document: string, opening: Opening, progress: Progress): void {
    const { state } = opening;
    if (state?.stage === progress.stage && state.done === progress.done) return;
    opening.state = { ...progress, paused: state?.paused ?? false };
    this.changed(document);
  }

  #fail(document: string, opening: Opening, cause: unknown, signal: AbortSignal): void {
    if (!signal.aborted) {
      const failure = failureOf(cause);
      try {
        this.#parts.store.setState(document, LOCKS.has(failure.code) ? 'locked' : 'failed', failure);
      } catch {
        // The disk that can't take the document can't take its failure either; the entry stays as it was.
      }
    }
    this.#end(document, opening);
  }

  /** It may have been opened again meanwhile. */
  #end(document: string, opening: Opening): void {
    if (this.#openings.get(document) === opening) this.#openings.delete(document);
    this.changed(document);
  }
}
