/** The engine in this process: contexts in memory, and jobs that share one device. */
import type {
  Answered,
  AskEvent,
  ContextId,
  ContextSpec,
  Engine,
  Measured,
  MemoryUse,
  PlanId,
  PreparedContext,
  PrepareEvent,
  Question,
} from '../engine.ts';
import { ProximaError } from '../errors.ts';
import { DeviceQueue } from '../jobs/device-queue.ts';
import { cancelledBy, failedJob, type Job, type JobControl, startJob } from '../jobs/job.ts';
import { MemoryBudget } from './memory-budget.ts';
import type { OpenReading, Reader } from './reader.ts';

/** Questions go before documents; documents are read in the order in which they came. */
const QUESTION_RANK = 1;
const CLOSING_RANK = 2;
const NEVER = new AbortController().signal;
/** Reports of memory while reading come at most so often, in milliseconds. */
const MEMORY_INTERVAL = 100;

/** A reading and its share of the budget, freed together. */
interface Held {
  readonly reading: OpenReading;
  close(): void;
}

export class LocalEngine implements Engine {
  readonly #reader: Reader;
  readonly #queue = new DeviceQueue();
  readonly #budget: MemoryBudget;
  readonly #contexts = new Map<ContextId, LocalContext>();
  readonly #jobs = new Set<Job<unknown>>();
  #prepared = 0;
  #disposed: Promise<void> | undefined;

  constructor(reader: Reader) {
    this.#reader = reader;
    this.#budget = new MemoryBudget(() => reader.availableBytes());
  }

  get model() {
    return this.#reader.model;
  }

  get capabilities() {
    return this.#reader.capabilities;
  }

  measure(context: Omit<ContextSpec, 'plan'>): Job<Measured> {
    return this.#start(({ signal }) =>
      this.#onDevice(QUESTION_RANK, signal, async () =>
        this.#reader.measure(context, this.#budget.available(context.memoryBytes)),
      ),
    );
  }

  prepare(id: ContextId, context: ContextSpec, onEvent?: (event: PrepareEvent) => void): Job<PreparedContext> {
    const rank = -++this.#prepared;
    return this.#start<PreparedContext>(
      async (control) => {
        const tell = (event: PrepareEvent) => !control.signal.aborted && onEvent?.(event);
        const held = await this.#read(context, rank, control, tell);
        await this.#contexts.get(id)?.release();
        const prepared = new LocalContext(id, held.reading, {
          ask: (question, released, listener) => this.#ask(held.reading, question, released, listener),
          close: () => this.#close(id, prepared, held),
        });
        this.#contexts.set(id, prepared);
        return prepared;
      },
      (prepared) => void prepared.release(),
    );
  }

  dispose(): Promise<void> {
    this.#disposed ??= this.#end();
    return this.#disposed;
  }

  async #end(): Promise<void> {
    for (const job of this.#jobs) job.cancel();
    for (const context of [...this.#contexts.values()]) await context.release();
    // The step that is under way ends first: its tensors are the device's.
    await this.#onDevice(CLOSING_RANK, NEVER, () => this.#reader.close());
  }

  /** Reads a whole context; holds nothing where it rejects. */
  async #read(
    context: ContextSpec,
    rank: number,
    control: JobControl,
    tell: (event: PrepareEvent) => void,
  ): Promise<Held> {
    const place = this.#queue.enter(rank);
    control.onPause((paused) => (paused ? place.rest() : place.resume()));
    if (control.paused) place.rest();
    let held: Held | undefined;
    try {
      held = await place.step(control.signal, async () => this.#begin(context));
      const { reading } = held;
      tell({ type: 'fit', fit: reading.fit });
      const reportMemory = atMostEvery(MEMORY_INTERVAL, () => tell({ type: 'memory', memory: reading.memory() }));
      while (!reading.whole) {
        await control.whenResumed();
        await place.step(control.signal, () => reading.readChunk());
        tell({ type: 'progress', ...reading.progress });
        reportMemory();
      }
      tell({ type: 'memory', memory: reading.memory() });
      return held;
    } catch (cause) {
      held?.close();
      throw cause;
    } finally {
      place.leave();
    }
  }

  /** The budget is reckoned here, when reading begins, and not when it was asked for. */
  #begin(context: ContextSpec): Held {
    const reading = this.#reader.begin(context, this.#budget.available(context.memoryBytes));
    const { cacheBytes, scratchBytes } = reading.fit;
    const forget = this.#budget.add({
      promised: () => (reading.whole ? 0 : cacheBytes + scratchBytes),
      taken: () => reading.memory().bytes,
    });
    const close = () => {
      forget();
      reading.close();
    };
    return { reading, close };
  }

  #ask(
    reading: OpenReading,
    question: Question,
    released: AbortSignal,
    onEvent?: (event: AskEvent) => void,
  ): Job<Answered> {
    const job = this.#start<Answered>(({ signal }) => {
      const onText = (text: string) => !signal.aborted && onEvent?.({ type: 'text', text });
      return this.#onDevice(QUESTION_RANK, signal, async () => {
        const answer = await reading.ask(question, { signal, onText });
        return { answer, memory: reading.memory(), plan: reading.plan };
      });
    });
    return cancelledBy(job, released);
  }

  /** After the step that is under way: what it works on must stay. */
  async #close(id: ContextId, context: LocalContext, held: Held): Promise<void> {
    if (this.#contexts.get(id) === context) this.#contexts.delete(id);
    await this.#onDevice(CLOSING_RANK, NEVER, async () => held.close());
  }

  async #onDevice<Result>(rank: number, signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    const place = this.#queue.enter(rank);
    try {
      return await place.step(signal, work);
    } finally {
      place.leave();
    }
  }

  #start<Result>(work: (control: JobControl) => Promise<Result>, discard?: (result: Result) => void): Job<Result> {
    if (this.#disposed) return failedJob(new ProximaError('cancelled'));
    const job = startJob(work, discard);
    this.#jobs.add(job);
    job.result.catch(() => {}).finally(() => this.#jobs.delete(job));
    return job;
  }
}

function atMostEvery(milliseconds: number, work: () => void): () => void {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    if (performance.now() - last < milliseconds) return;
    last = performance.now();
    work();
  };
}

interface ContextActions {
  ask(question: Question, released: AbortSignal, onEvent?: (event: AskEvent) => void): Job<Answered>;
  close(): Promise<void>;
}

class LocalContext implements PreparedContext {
  readonly id: ContextId;
  readonly generation = 1;
  readonly plan: PlanId;
  readonly tokens: number;
  readonly seconds: number;
  readonly memory: MemoryUse;
  readonly scratchBytes: number;
  readonly #actions: ContextActions;
  readonly #released = new AbortController();
  #release: Promise<void> | undefined;

  constructor(id: ContextId, reading: OpenReading, actions: ContextActions) {
    this.id = id;
    this.plan = reading.plan;
    this.tokens = reading.tokenCount;
    this.seconds = reading.progress.seconds;
    this.memory = reading.memory();
    this.scratchBytes = reading.fit.scratchBytes;
    this.#actions = actions;
  }

  ask(question: Question, onEvent?: (event: AskEvent) => void): Job<Answered> {
    if (this.#release) return failedJob(new ProximaError('context-missing'));
    return this.#actions.ask(question, this.#released.signal, onEvent);
  }

  release(): Promise<void> {
    this.#release ??= this.#actions.close();
    this.#released.abort();
    return this.#release;
  }
}
