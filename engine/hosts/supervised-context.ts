/** A context that moves from host to host under one name. */
import type {
  Answered,
  AskEvent,
  ContextId,
  ContextSpec,
  MemoryUse,
  PlanId,
  PreparedContext,
  PrepareEvent,
  Question,
  ReadingProgress,
} from '../engine.ts';
import { ProximaError } from '../errors.ts';
import { failedJob, type Job } from '../jobs/job.ts';
import type { HostedEngine } from './hosted-engine.ts';
import type { Suspect } from './suspects.ts';

interface ContextActions {
  ask(question: Question, released: AbortSignal, onEvent?: (event: AskEvent) => void): Job<Answered>;
  released(): void;
}

export class SupervisedContext implements PreparedContext, Suspect {
  readonly id: ContextId;
  /** What is read; its plan shrinks where a card's memory does not suffice. */
  spec: ContextSpec;
  /** Hosts in a row that were lost while they read it. */
  losses = 0;
  readonly subject = this;
  readonly #actions: ContextActions;
  readonly #released = new AbortController();
  #held: { readonly host: HostedEngine; readonly job: Job<PreparedContext> } | undefined;
  #latest: PreparedContext | undefined;
  #ending: Promise<void> | undefined;
  #listener: ((event: PrepareEvent) => void) | undefined;
  #watcher: ((progress: ReadingProgress) => void) | undefined;

  constructor(id: ContextId, spec: ContextSpec, actions: ContextActions) {
    this.id = id;
    this.spec = spec;
    this.#actions = actions;
  }

  /** Who hears of its first preparation. */
  listen(listener: ((event: PrepareEvent) => void) | undefined): void {
    this.#listener = listener;
  }

  /** Who hears of its being read again. */
  watch(watcher: (progress: ReadingProgress) => void): void {
    this.#watcher = watcher;
  }

  /** Prepared on a host: once, however many ask for it. */
  on(host: HostedEngine): Job<PreparedContext> {
    if (this.#released.signal.aborted) return failedJob(new ProximaError('context-missing'));
    if (this.#held?.host === host) return this.#held.job;
    const job = host.prepare(this.id, this.spec, (event) => this.#tell(event));
    this.#held = { host, job };
    job.result.then(
      (prepared) => {
        this.#latest = prepared;
      },
      () => {},
    );
    return job;
  }

  /** Whether it was ever prepared. */
  get known(): boolean {
    return this.#latest !== undefined;
  }

  get generation(): number {
    return this.#prepared.generation;
  }

  get plan(): PlanId {
    return this.#prepared.plan;
  }

  get tokens(): number {
    return this.#prepared.tokens;
  }

  get seconds(): number {
    return this.#prepared.seconds;
  }

  get memory(): MemoryUse {
    return this.#prepared.memory;
  }

  get scratchBytes(): number {
    return this.#prepared.scratchBytes;
  }

  ask(question: Question, onEvent?: (event: AskEvent) => void): Job<Answered> {
    if (this.#released.signal.aborted) return failedJob(new ProximaError('context-missing'));
    return this.#actions.ask(question, this.#released.signal, onEvent);
  }

  release(): Promise<void> {
    return this.#end(new ProximaError('cancelled'));
  }

  /** Released because it can't be had any more: questions under way fail with the cause, for nobody took them back. */
  giveUp(cause: ProximaError): void {
    void this.#end(cause);
  }

  /** Whoever releases it again waits for the same end. */
  #end(cause: ProximaError): Promise<void> {
    this.#ending ??= this.#endNow(cause);
    return this.#ending;
  }

  async #endNow(cause: ProximaError): Promise<void> {
    this.#released.abort(cause);
    this.#actions.released();
    const job = this.#held?.job;
    job?.cancel();
    const prepared = await job?.result.catch(() => undefined);
    await prepared?.release();
  }

  get #prepared(): PreparedContext {
    if (this.#latest) return this.#latest;
    throw new ProximaError('context-missing');
  }

  #tell(event: PrepareEvent): void {
    if (this.#released.signal.aborted) return;
    if (this.#listener) this.#listener(event);
    else if (event.type === 'progress') this.#watcher?.(event);
  }
}
