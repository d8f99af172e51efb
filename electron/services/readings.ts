/** Which documents the engine holds, under which plan. The one owner of their reading: everybody else asks or listens. */
import { randomUUID } from 'node:crypto';
import type { Page } from '../../engine/documents/document.ts';
import type { ContextId, Engine, Measured, PlanId, PreparedContext, PrepareEvent } from '../../engine/engine.ts';
import { type Failure, failureOf, ProximaError } from '../../engine/errors.ts';
import { delegate, type Job, type JobControl, startJob, untilAborted } from '../../engine/jobs/job.ts';
import type { PageRange, ReadingState, Settings } from '../contract.ts';
import { isUnderWay, NOT_READ, nextReading, type ReadingEvent } from './reading-state.ts';

export interface ReadingsParts {
  /** Rejects where the engine did not start. */
  readonly engine: () => Promise<Engine>;
  /** Resolves when the document's text has been extracted. */
  readonly pagesOf: (document: string) => Promise<readonly Page[]>;
  readonly settings: () => Settings;
  /** The plan that holds where none is asked for. */
  readonly usualPlan: () => PlanId;
  /** Undefined where it is known which plans there are. */
  readonly whenPlansKnown: () => Promise<unknown> | undefined;
  readonly onChange: (document: string) => void;
}

/** A document in the engine's memory, kept there as long as somebody uses it. */
export interface HeldDocument {
  readonly context: PreparedContext;
  readonly pages: PageRange | null;
  readonly pagesRead: number;
}

interface Entry {
  readonly document: string;
  readonly plan: PlanId;
  readonly pages: PageRange | null;
  /** Names it to the engine; another for every attempt. */
  contextId: ContextId;
  /** Whether its state is the document's. */
  readonly shown: boolean;
  readonly listeners: Set<(done: number, total: number) => void>;
  /** Questions that are being answered about it: it isn't evicted meanwhile. */
  users: number;
  /** Whether it waits for memory that others hold. */
  starved: boolean;
  held: HeldDocument | undefined;
}

interface Reading extends Entry {
  readonly job: Job<HeldDocument>;
}

const MEBIBYTE = 2 ** 20;
const keyOf = (document: string, plan: PlanId) => `${document}:${plan}`;

function isLackOfMemory(cause: unknown): cause is ProximaError<'memory-too-small'> {
  return cause instanceof ProximaError && cause.code === 'memory-too-small';
}

/** Whether it was lost with its host and could not be read again, because others took its memory meanwhile. */
function wasEvicted({ held }: Entry, cause: unknown): boolean {
  return held !== undefined && isLackOfMemory(cause);
}

/** Whether there is room enough when all the others are gone: a document that never fits is to evict none. */
function wouldSuffice(others: readonly Entry[], { detail }: ProximaError<'memory-too-small'>): boolean {
  const heldBytes = others.reduce(
    (sum, { held }) => sum + (held ? held.context.memory.bytes + held.context.scratchBytes : 0),
    0,
  );
  return detail.neededBytes - detail.availableBytes <= heldBytes;
}

export class Readings {
  readonly #parts: ReadingsParts;
  readonly #states = new Map<string, ReadingState>();
  readonly #ranges = new Map<string, PageRange>();
  readonly #plans = new Map<string, PlanId>();
  /** By document and plan, the least recently used first. */
  readonly #readings = new Map<string, Reading>();

  /** Documents for which somebody waits until it is known which plans there are. */
  readonly #awaiting = new Map<string, { readonly controller: AbortController; count: number }>();

  /** Documents on their way out of memory: what they free is waited for. */
  readonly #leaving = new Set<Promise<void>>();
  /** Documents that have left. */
  #left = 0;

  /** Resolves when a question about a document has ended. */
  #idle = Promise.withResolvers<void>();

  constructor(parts: ReadingsParts) {
    this.#parts = parts;
  }

  /** How the usual reading of a document stands. */
  stateOf(document: string): ReadingState {
    return this.#states.get(document) ?? NOT_READ;
  }

  /** The plan that a document is read under: the one that was chosen for it, else the usual one. */
  planOf(document: string): PlanId {
    return this.#plans.get(document) ?? this.#parts.usualPlan();
  }

  /** Reads a document anew, under another plan or other pages than before. */
  read(document: string, plan: PlanId | undefined, pages: PageRange | undefined): Promise<HeldDocument> {
    this.letGo(document);
    if (plan !== undefined) this.#plans.set(document, plan);
    if (pages) this.#ranges.set(document, pages);
    else this.#ranges.delete(document);
    return this.need(document);
  }

  /** Reads a document anew as it was read before, after it failed. */
  readAnew(document: string): Promise<HeldDocument> {
    this.letGo(document);
    return this.need(document);
  }

  /** The document in memory; read first where it is not. Rejects as `Engine.prepare` does. */
  async need(document: string): Promise<HeldDocument> {
    if (this.#parts.whenPlansKnown() !== undefined) await this.#needLater(document);
    return this.#reading(document, this.planOf(document)).job.result;
  }

  /**
   * Resolves when it is known which plans there are. Rejects as the start of the engine does, or with `cancelled`: also when the
   * document's reading is taken back meanwhile.
   */
  async whenPlansKnown(document: string, signal?: AbortSignal): Promise<void> {
    const known = this.#parts.whenPlansKnown();
    if (!known) return;
    const waiting = this.#awaiting.get(document) ?? { controller: new AbortController(), count: 0 };
    this.#awaiting.set(document, waiting);
    waiting.count++;
    const { signal: takenBack } = waiting.controller;
    try {
      await untilAborted(known, signal ? AbortSignal.any([signal, takenBack]) : takenBack);
    } finally {
      if (--waiting.count === 0 && this.#awaiting.get(document) === waiting) this.#awaiting.delete(document);
    }
  }

  /** Waits as a reading does: shown, and taken back like one. */
  async #needLater(document: string): Promise<void> {
    const [plan, pages] = [this.#plans.get(document) ?? null, this.#ranges.get(document) ?? null];
    if (!isUnderWay(this.stateOf(document))) this.#move(document, { type: 'requested', plan, pages });
    try {
      await this.whenPlansKnown(document);
    } catch (cause) {
      const failure = failureOf(cause);
      // Whoever took it back has said so already, and it may have been asked for anew.
      if (failure.code !== 'cancelled') this.#move(document, { type: 'failed', failure });
      throw cause;
    }
  }

  #stopWaiting(document: string): void {
    const waiting = this.#awaiting.get(document);
    this.#awaiting.delete(document);
    waiting?.controller.abort();
  }

  /**
   * Does work on the document in memory, which stays there until the work has ended. The document goes on being read when only the
   * work is given up.
   */
  async use<Result>(
    document: string,
    plan: PlanId,
    { signal, onProgress }: { signal: AbortSignal; onProgress: (done: number, total: number) => void },
    work: (held: HeldDocument) => Promise<Result>,
  ): Promise<Result> {
    for (;;) {
      const reading = this.#reading(document, plan);
      try {
        return await this.#workOn(reading, { signal, onProgress }, work);
      } catch (cause) {
        if (!wasEvicted(reading, cause) || signal.aborted) throw cause;
      }
    }
  }

  async #workOn<Result>(
    reading: Reading,
    { signal, onProgress }: { signal: AbortSignal; onProgress: (done: number, total: number) => void },
    work: (held: HeldDocument) => Promise<Result>,
  ): Promise<Result> {
    reading.users++;
    reading.listeners.add(onProgress);
    try {
      const held = await untilAborted(reading.job.result, signal);
      reading.listeners.delete(onProgress);
      return await work(held);
    } finally {
      reading.listeners.delete(onProgress);
      reading.users--;
      this.#unused(reading);
    }
  }

  pause(document: string, paused: boolean): void {
    // What is read again after a loss can't be paused: its first job has ended.
    const underWay = this.#of(document).filter(({ held }) => !held);
    for (const { job } of underWay) (paused ? job.pause : job.resume)();
    if (this.#awaiting.has(document) || underWay.length > 0)
      this.#move(document, { type: paused ? 'paused' : 'resumed' });
  }

  /** Stops what is being read of a document, for the first time or again after a loss. */
  cancel(document: string): void {
    if (this.#awaiting.has(document)) {
      this.#stopWaiting(document);
      this.#move(document, { type: 'released' });
    }
    const isReadAgain = isUnderWay(this.stateOf(document));
    for (const reading of this.#of(document)) {
      if (!reading.held) reading.job.cancel();
      else if (reading.shown && isReadAgain) {
        this.#release(reading);
        this.#move(document, { type: 'released' });
      }
    }
  }

  /** Frees what the engine holds of a document, and stops what is being read of it. */
  letGo(document: string): void {
    this.#stopWaiting(document);
    for (const reading of this.#of(document)) this.#release(reading);
    this.#move(document, { type: 'released' });
  }

  /** To be called when a document is removed for good. */
  forget(document: string): void {
    this.letGo(document);
    for (const known of [this.#states, this.#ranges, this.#plans]) known.delete(document);
  }

  /** Lets go of everything, because another engine takes over. */
  reset(): void {
    for (const document of [...this.#awaiting.keys()]) this.#stopWaiting(document);
    for (const reading of [...this.#readings.values()]) this.#release(reading);
    this.#plans.clear();
    for (const document of [...this.#states.keys()]) this.#move(document, { type: 'released' });
  }

  /** The engine reads a context again that it had lost. */
  readAgain(id: ContextId, event: Extract<ReadingEvent, { type: 'progress' | 'prepared' }>): void {
    const reading = this.#byContext(id);
    if (reading?.shown) this.#move(reading.document, event);
  }

  /** The engine could not prepare a context again that it had lost. */
  dropped(id: ContextId, failure: Failure): void {
    const reading = this.#byContext(id);
    if (!reading) return;
    this.#readings.delete(keyOf(reading.document, reading.plan));
    if (!reading.shown) return;
    // Others took its memory meanwhile: it was evicted, and is read again when it is needed.
    const isEvicted = failure.code === 'memory-too-small';
    this.#move(reading.document, isEvicted ? { type: 'released' } : { type: 'failed', failure });
  }

  /** The engine has failed while it read documents again: they are when they are needed, and nothing goes on until then. */
  engineFailed(failure: Failure): void {
    for (const { document, shown, held } of this.#readings.values())
      if (shown && held && isUnderWay(this.stateOf(document))) this.#move(document, { type: 'failed', failure });
  }

  async measure(document: string): Promise<Measured> {
    const pages = await this.#parts.pagesOf(document);
    const engine = await this.#parts.engine();
    return engine.measure({ parts: [{ document, pages }], ...this.#limits() }).result;
  }

  #reading(document: string, plan: PlanId): Reading {
    const key = keyOf(document, plan);
    const known = this.#readings.get(key);
    if (!known) return this.#begin(document, plan);
    this.#readings.delete(key);
    this.#readings.set(key, known);
    return known;
  }

  #begin(document: string, plan: PlanId): Reading {
    const pages = this.#ranges.get(document) ?? null;
    const shown = plan === this.planOf(document);
    const entry: Entry = {
      document,
      plan,
      pages,
      contextId: '',
      shown,
      listeners: new Set(),
      users: 0,
      starved: false,
      held: undefined,
    };
    // It may have been paused while it waited for the engine, whoever begins it then.
    const isPaused = this.stateOf(document).state === 'paused';
    if (shown) this.#move(document, { type: 'requested', plan, pages });
    const job = startJob<HeldDocument>(
      (control) => this.#prepare(entry, control),
      ({ context }) => void context.release(),
    );
    const reading: Reading = Object.assign(entry, { job });
    this.#readings.set(keyOf(document, plan), reading);
    if (isPaused) this.pause(document, true);
    job.result.then(
      (held) => this.#prepared(reading, held),
      (cause) => this.#failed(reading, failureOf(cause)),
    );
    return reading;
  }

  async #prepare(entry: Entry, control: JobControl): Promise<HeldDocument> {
    const { document, plan, pages: range } = entry;
    const { signal } = control;
    const all = await untilAborted(this.#parts.pagesOf(document), signal);
    const pages = all.filter(({ number }) => !range || (number >= range.first && number <= range.last));
    const engine = await untilAborted(this.#parts.engine(), signal);
    const context = await this.#makingRoom(entry, signal, () => {
      entry.contextId = randomUUID();
      const spec = { parts: [{ document, pages }], plan, ...this.#limits() };
      return delegate(
        control,
        engine.prepare(entry.contextId, spec, (event) => this.#hear(entry, event)),
      );
    });
    return { context, pages: range, pagesRead: pages.length };
  }

  #hear(entry: Entry, event: PrepareEvent): void {
    if (this.#readings.get(keyOf(entry.document, entry.plan)) !== entry) return;
    if (event.type === 'fit') return;
    if (event.type === 'progress') for (const listener of entry.listeners) listener(event.done, event.total);
    if (!entry.shown) return;
    if (event.type === 'progress') this.#move(entry.document, { type: 'progress', progress: event });
    else this.#move(entry.document, event);
  }

  #prepared(reading: Reading, held: HeldDocument): void {
    if (this.#readings.get(keyOf(reading.document, reading.plan)) !== reading) {
      void held.context.release();
      return;
    }
    reading.held = held;
    if (reading.shown) this.#move(reading.document, { type: 'prepared', context: held.context });
  }

  #failed(reading: Reading, failure: Failure): void {
    const key = keyOf(reading.document, reading.plan);
    if (this.#readings.get(key) !== reading) return;
    this.#readings.delete(key);
    if (reading.shown) this.#move(reading.document, { type: 'failed', failure });
  }

  /** As long as memory is short, the least recently used document that nobody asks about is evicted. */
  async #makingRoom<Result>(entry: Entry, signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    for (;;) {
      const left = this.#left;
      try {
        return await work();
      } catch (cause) {
        if (!isLackOfMemory(cause)) throw cause;
        if (left !== this.#left) continue; // There may be room since it was reckoned.
        const room = this.#room(entry, cause);
        if (!room) throw cause;
        entry.starved = true;
        await untilAborted(room(), signal);
        entry.starved = false;
      }
    }
  }

  /** What makes room or waits for some; undefined where nothing will. */
  #room(entry: Entry, lack: ProximaError<'memory-too-small'>): (() => Promise<unknown>) | undefined {
    if (this.#leaving.size > 0) return () => Promise.all(this.#leaving);
    const others = this.#others(entry);
    if (wouldSuffice(others, lack)) {
      const idle = others.find(({ held, users }) => held && users === 0);
      if (idle) return () => this.#evict(idle);
      if (others.some(({ held }) => held)) return () => this.#idle.promise;
    }
    // One that is being read has been promised its memory; those that wait for room themselves free none.
    const next = others.find((each) => !each.held && !each.starved && this.stateOf(each.document).state !== 'paused');
    return next && (() => next.job.result.catch(() => {}));
  }

  /** What was read for a question alone isn't read on when the question is taken back; who waits for room looks again. */
  #unused(reading: Reading): void {
    if (reading.users > 0) return;
    if (!reading.shown && !reading.held) this.#release(reading);
    this.#idle.resolve();
    this.#idle = Promise.withResolvers();
  }

  #others(entry: Entry): Reading[] {
    return [...this.#readings.values()].filter((each) => (each as Entry) !== entry);
  }

  async #evict(reading: Reading): Promise<void> {
    this.#release(reading);
    if (reading.shown) this.#move(reading.document, { type: 'released' });
    await Promise.all(this.#leaving);
  }

  #release(reading: Reading): void {
    const key = keyOf(reading.document, reading.plan);
    if (this.#readings.get(key) === reading) this.#readings.delete(key);
    reading.job.cancel();
    if (reading.held) void this.#leave(reading.held.context);
  }

  async #leave(context: PreparedContext): Promise<void> {
    const leaving = context.release();
    this.#leaving.add(leaving);
    await leaving;
    this.#leaving.delete(leaving);
    this.#left++;
  }

  #of(document: string): Reading[] {
    return [...this.#readings.values()].filter((each) => each.document === document);
  }

  #byContext(id: ContextId): Reading | undefined {
    return [...this.#readings.values()].find(({ contextId }) => contextId === id);
  }

  #limits(): { sinks?: number; recent?: number; memoryBytes?: number } {
    const { sinks, recent, memoryMebibytes } = this.#parts.settings();
    return {
      ...(sinks === null ? {} : { sinks }),
      ...(recent === null ? {} : { recent }),
      ...(memoryMebibytes === null ? {} : { memoryBytes: memoryMebibytes * MEBIBYTE }),
    };
  }

  #move(document: string, event: ReadingEvent): void {
    const before = this.stateOf(document);
    const after = nextReading(before, event);
    if (after === before) return;
    this.#states.set(document, after);
    this.#parts.onChange(document);
  }
}
