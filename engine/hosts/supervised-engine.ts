/**
 * An engine around engines: it outlives its hosts. A host holds nothing that can't be rebuilt. When one is lost (its process or
 * worker ended, the graphics card was lost or has no memory left) it is torn down, another is started, every context is prepared
 * again under its old name, and what was under way is done once more. After trouble with the card's memory contexts take the next
 * smaller plan; where there is none, the failure is the caller's, and the engine goes on without that context.
 */
import type { PlanFile } from '../cache/plan-file.ts';
import type {
  Answered,
  AskEvent,
  ContextId,
  ContextSpec,
  Engine,
  Measured,
  PlanId,
  PreparedContext,
  PrepareEvent,
  Question,
  ReadingProgress,
} from '../engine.ts';
import { type ErrorCode, errorOf, type Failure, failureOf, ProximaError } from '../errors.ts';
import { cancelledBy, delegate, failedJob, type Job, type JobControl, startJob, untilAborted } from '../jobs/job.ts';
import { HostedEngine, type StartedHost } from './hosted-engine.ts';
import { SupervisedContext } from './supervised-context.ts';
import { MOST_LOSSES, type Suspect, Suspects } from './suspects.ts';

export interface SupervisedParts {
  /** The signal ends a host that is still starting. */
  readonly startHost: (signal: AbortSignal) => Promise<StartedHost>;
  /** The model's folder, by the name that hosts know it by. */
  readonly folder: string;
  /** Plans that were explored for the model, beside those that it brings. */
  readonly explored?: PlanFile | undefined;
  readonly watch?: EngineWatch;
}

/** Hears of what nobody asked for. */
export interface EngineWatch {
  /** A host was lost; another is being started. */
  onLost?(failure: Failure): void;
  /** A host runs again, and every context is prepared. */
  onRecovered?(recovery: { readonly smallerPlan: boolean }): void;
  /** No host could be started, or each one ended with nothing to do; the next call tries again. */
  onFailed?(failure: Failure): void;
  /** Another host is being started than the last one, after a loss or after a failure. */
  onStarting?(): void;
  /** A context is read again. */
  onProgress?(id: ContextId, progress: ReadingProgress): void;
  /** A context was prepared again. */
  onPrepared?(id: ContextId, context: PreparedContext): void;
  /** A context could not be prepared again; it is gone. */
  onDropped?(id: ContextId, failure: Failure): void;
}

const LOSSES: ReadonlySet<ErrorCode> = new Set(['engine-lost', 'device-lost', 'device-out-of-memory']);
/** A host that ends each time it has nothing to do isn't started for ever. */
const MOST_IDLE_LOSSES = 3;
/** A host that ends each time while it starts isn't, either. */
const MOST_STARTS = 3;

export class SupervisedEngine implements Engine {
  readonly #parts: SupervisedParts;
  readonly #contexts = new Map<ContextId, SupervisedContext>();
  readonly #jobs = new Set<Job<unknown>>();
  /** The host that runs or is being started: one for everybody who asks. */
  #host: Promise<HostedEngine> | undefined;
  /** The one that runs, as far as anybody knows. */
  #current: HostedEngine | undefined;
  /** The last one that ran: what it was is known even when it is lost. */
  #latest: HostedEngine | undefined;
  /** Whether contexts took a smaller plan since the last recovery. */
  #smallerPlan = false;
  #starting: StartedHost | undefined;
  readonly #suspects = new Suspects();
  /** Hosts in a row that were lost with nothing to do. */
  #idleLosses = 0;
  #generation = 0;
  readonly #disposal = new AbortController();

  private constructor(parts: SupervisedParts) {
    this.#parts = parts;
  }

  /** Starts the first host. Rejects with what kept it from starting, or with `cancelled`; nothing is left then. */
  static start(parts: SupervisedParts): Job<SupervisedEngine> {
    const engine = new SupervisedEngine(parts);
    return startJob<SupervisedEngine>(
      async ({ signal }) => {
        try {
          await untilAborted(engine.#running(), signal);
          return engine;
        } catch (cause) {
          await engine.dispose();
          throw cause;
        }
      },
      (late) => void late.dispose(),
    );
  }

  get model() {
    return this.#last.model;
  }

  get capabilities() {
    return this.#last.capabilities;
  }

  measure(context: Omit<ContextSpec, 'plan'>): Job<Measured> {
    return this.#start((control) =>
      this.#surviving(control, (host) => delegate(control, host.measure(context)), { suspect: newSuspect() }),
    );
  }

  prepare(id: ContextId, spec: ContextSpec, onEvent?: (event: PrepareEvent) => void): Job<PreparedContext> {
    const context = new SupervisedContext(id, spec, {
      ask: (question, released, listener) => this.#ask(context, question, released, listener),
      released: () => this.#contexts.get(id) === context && this.#contexts.delete(id),
    });
    return this.#start<PreparedContext>(
      async (control) => {
        await this.#contexts.get(id)?.release();
        this.#contexts.set(id, context);
        context.listen(onEvent);
        try {
          await this.#surviving(
            control,
            (host) => delegate(control, context.on(host)),
            { suspect: context, context },
            (failure) => onEvent?.({ type: 'restarted', failure }),
          );
          return context;
        } catch (cause) {
          void context.release();
          throw cause;
        } finally {
          context.listen(undefined);
        }
      },
      (late) => void late.release(),
    );
  }

  async dispose(): Promise<void> {
    this.#disposal.abort();
    for (const job of this.#jobs) job.cancel();
    this.#contexts.clear();
    this.#starting?.terminate();
    await this.#latest?.dispose();
  }

  #ask(
    context: SupervisedContext,
    question: Question,
    released: AbortSignal,
    onEvent?: (event: AskEvent) => void,
  ): Job<Answered> {
    return this.#start(async (control) => {
      const signal = AbortSignal.any([control.signal, released]);
      const answering = this.#surviving(
        withSignal(control, signal),
        async (host) => {
          const prepared = await untilAborted(context.on(host).result, signal);
          const job = prepared.ask(question, (event) => !signal.aborted && onEvent?.(event));
          return delegate(control, cancelledBy(job, released));
        },
        { suspect: newSuspect(context), context },
        (failure) => onEvent?.({ type: 'restarted', failure }),
      );
      // Why the context went says more than that the question was ended with it.
      return answering.catch((cause) => Promise.reject(released.aborted ? released.reason : cause));
    });
  }

  /** Does the work, on another host where the one it runs on is lost, until it is to blame for that. */
  async #surviving<Result>(
    control: JobControl,
    work: (host: HostedEngine) => Promise<Result>,
    { suspect, context }: { suspect: Suspect; context?: SupervisedContext },
    onRestart: (failure: Failure) => void = () => {},
  ): Promise<Result> {
    for (;;) {
      // Work that is paused needs no host: one that ends each time isn't started for it.
      await untilAborted(control.whenResumed(), control.signal);
      const outcome = await this.#attempt(control, work, suspect);
      if ('result' in outcome) return outcome.result;
      const { lost, host } = outcome;
      const isFullForGood = this.#hasNoSmaller(lost, context);
      const hopeless = isFullForGood || suspect.losses === MOST_LOSSES;
      if (context && (isFullForGood || context.losses === MOST_LOSSES)) this.#drop(context, lost);
      this.#lose(host, lost);
      if (hopeless) throw lost;
      onRestart(failureOf(lost));
    }
  }

  /** The result, or the loss of the host; rejects with anything else, and where there is no host to be had. */
  async #attempt<Result>(
    control: JobControl,
    work: (host: HostedEngine) => Promise<Result>,
    suspect: Suspect,
  ): Promise<{ result: Result } | { lost: ProximaError; host: HostedEngine }> {
    const { signal } = control;
    let host: HostedEngine | undefined;
    const onHost = async () => {
      host = await untilAborted(this.#running(), signal);
      return work(host);
    };
    try {
      const result = await this.#suspects.attempt(suspect, control, onHost, (cause) =>
        isLoss(cause) && !signal.aborted ? host : undefined,
      );
      this.#idleLosses = 0;
      return { result };
    } catch (cause) {
      if (!isLoss(cause) || signal.aborted || !host) throw cause;
      return { lost: cause, host };
    }
  }

  #hasNoSmaller(cause: ProximaError, context: SupervisedContext | undefined): boolean {
    return isFull(cause) && this.#smaller(context?.spec.plan) === undefined;
  }

  /** Whoever hears of a loss first begins the recovery; for everybody else it has happened already. */
  #lose(host: HostedEngine, cause: ProximaError, idle = false): void {
    if (this.#current !== host || this.#disposed) return;
    this.#current = undefined;
    this.#host = undefined;
    host.abandon(cause.code);
    this.#parts.watch?.onLost?.(failureOf(cause));
    const shrunk = isFull(cause) && [...this.#contexts.values()].filter((each) => this.#shrink(each)).length > 0;
    this.#smallerPlan ||= shrunk;
    if (idle && ++this.#idleLosses === MOST_IDLE_LOSSES) {
      this.#idleLosses = 0;
      this.#parts.watch?.onFailed?.(failureOf(cause));
    } else this.#running().catch(() => {}); // Also when nothing is under way: the next question is not to wait.
  }

  /** Prepares every context again that was there before, those under suspicion last. */
  async #restoreAll(host: HostedEngine): Promise<void> {
    for (const context of [...this.#contexts.values()].sort((one, other) => one.losses - other.losses))
      if (context.known && this.#current === host) await this.#restore(host, context);
    if (this.#current !== host) return;
    this.#parts.watch?.onRecovered?.({ smallerPlan: this.#smallerPlan });
    this.#smallerPlan = false;
  }

  async #restore(host: HostedEngine, context: SupervisedContext): Promise<void> {
    const { id } = context;
    try {
      context.watch((progress) => this.#parts.watch?.onProgress?.(id, progress));
      const prepare = async () => {
        if (this.#current !== host) throw new ProximaError('cancelled'); // It was lost while this waited for its turn.
        return context.on(host).result;
      };
      await this.#suspects.attempt(context, this.#disposal, prepare, (cause) => (isLoss(cause) ? host : undefined));
      if (this.#contexts.get(id) === context) this.#parts.watch?.onPrepared?.(id, context);
    } catch (cause) {
      if (this.#contexts.get(id) !== context) return;
      if (this.#current !== host && !isLoss(cause)) return;
      if (!isLoss(cause) || this.#hasNoSmaller(cause, context) || context.losses === MOST_LOSSES) {
        this.#drop(context, cause);
      }
      if (isLoss(cause)) this.#lose(host, cause);
    }
  }

  /** Nothing is done for it any more; who holds it is told, unless they wait for its first preparation and hear of it there. */
  #drop(context: SupervisedContext, cause: unknown): void {
    if (this.#contexts.get(context.id) !== context) return;
    this.#contexts.delete(context.id);
    context.giveUp(errorOf(failureOf(cause)));
    if (context.known) this.#parts.watch?.onDropped?.(context.id, failureOf(cause));
  }

  /** Takes the next smaller plan; false where there is none. */
  #shrink(context: SupervisedContext): boolean {
    const plan = this.#smaller(context.spec.plan);
    if (plan !== undefined) context.spec = { ...context.spec, plan };
    return plan !== undefined;
  }

  /** Only plans whose cost is known. */
  #smaller(plan: PlanId | undefined): PlanId | undefined {
    const { plans } = this.#last.capabilities;
    const place = plans.findIndex(({ id }) => id === plan);
    return place < 0 ? undefined : plans.slice(place + 1).find(({ standing }) => standing !== 'unmeasured')?.id;
  }

  #running(): Promise<HostedEngine> {
    if (this.#disposed) return Promise.reject(new ProximaError('cancelled'));
    if (this.#host) return this.#host;
    if (this.#latest) this.#parts.watch?.onStarting?.();
    const host = this.#startHost();
    this.#host = host;
    host.catch((cause) => {
      if (this.#host !== host) return;
      this.#host = undefined; // The next call tries again.
      if (this.#latest && !this.#disposed) this.#parts.watch?.onFailed?.(failureOf(cause));
    });
    return host;
  }

  /** A host that is lost while it starts is replaced like any other. */
  async #startHost(): Promise<HostedEngine> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#startOnce();
      } catch (cause) {
        if (!isLoss(cause) || attempt === MOST_STARTS || this.#disposed) throw cause;
      }
    }
  }

  async #startOnce(): Promise<HostedEngine> {
    const { startHost, folder, explored } = this.#parts;
    const started = await startHost(this.#disposal.signal);
    if (this.#disposed) {
      started.terminate();
      throw new ProximaError('cancelled');
    }
    this.#starting = started;
    try {
      const host = await HostedEngine.load(started, folder, ++this.#generation, { explored }).result;
      const isFirst = this.#latest === undefined;
      this.#latest = host;
      this.#current = host;
      void host.lost.then((cause) => this.#lose(host, cause, this.#suspects.isEmpty));
      if (!isFirst) void this.#restoreAll(host);
      return host;
    } finally {
      this.#starting = undefined;
    }
  }

  get #disposed(): boolean {
    return this.#disposal.signal.aborted;
  }

  get #last(): HostedEngine {
    if (this.#latest) return this.#latest;
    throw new ProximaError('engine-lost', { reason: 'it has not started' });
  }

  #start<Result>(work: (control: JobControl) => Promise<Result>, discard?: (result: Result) => void): Job<Result> {
    if (this.#disposed) return failedJob(new ProximaError('cancelled'));
    const job = startJob(work, discard);
    this.#jobs.add(job);
    job.result.catch(() => {}).finally(() => this.#jobs.delete(job));
    return job;
  }
}

/** Of work that is under suspicion by itself; subject: what it is work on. */
function newSuspect(subject: object = {}): Suspect {
  return { subject, losses: 0 };
}

/** Of work that more than its job's own cancelling ends. */
function withSignal(control: JobControl, signal: AbortSignal): JobControl {
  return {
    signal,
    whenResumed: control.whenResumed,
    onPause: control.onPause,
    get paused() {
      return control.paused;
    },
  };
}

function isLoss(cause: unknown): cause is ProximaError {
  return cause instanceof ProximaError && LOSSES.has(cause.code);
}

function isFull(cause: unknown): boolean {
  return cause instanceof ProximaError && cause.code === 'device-out-of-memory';
}
