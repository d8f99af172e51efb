/** An engine behind a port: the caller's side of the protocol. It lives as long as its host does, and no longer. */
import type { PlanFile } from '../cache/plan-file.ts';
import type {
  Answered,
  AskEvent,
  ContextId,
  ContextSpec,
  Engine,
  Measured,
  PreparedContext,
  PrepareEvent,
  Question,
} from '../engine.ts';
import { errorOf, ProximaError } from '../errors.ts';
import { failedJob, type Job, startJob } from '../jobs/job.ts';
import type {
  Control,
  HostEvent,
  Loaded,
  LoadProgress,
  Outcomes,
  Port,
  PreparedFacts,
  Reply,
  Work,
} from './protocol.ts';

/** A host that runs, and how to end it. */
export interface StartedHost {
  readonly port: Port;
  /** Resolves with a cause when the host ends without having been asked to. */
  readonly ended: Promise<string>;
  terminate(): void;
}

export interface LoadOptions {
  /** Plans that were explored for the model, beside those that it brings. */
  readonly explored?: PlanFile | undefined;
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
}

interface Pending {
  resolve(outcome: unknown): void;
  reject(cause: ProximaError): void;
  onEvent(event: HostEvent): void;
}

type Details<Type extends Work['type']> = Omit<Extract<Work, { type: Type }>, 'type' | 'id'>;

export class HostedEngine implements Engine {
  readonly #connection: Connection;
  readonly #loaded: Loaded;
  readonly #generation: number;

  private constructor(connection: Connection, loaded: Loaded, generation: number) {
    this.#connection = connection;
    this.#loaded = loaded;
    this.#generation = generation;
  }

  /**
   * Loads a model in a host that has just started. Ends the host where it rejects: as `loadModel` does, with `engine-lost`, or with
   * `cancelled`. generation: which life of the engine this is.
   */
  static load(
    host: StartedHost,
    folder: string,
    generation: number,
    { explored, onProgress = () => {} }: LoadOptions = {},
  ): Job<HostedEngine> {
    const connection = new Connection(host);
    return startJob<HostedEngine>(
      async ({ signal }) => {
        signal.addEventListener('abort', () => connection.close(new ProximaError('cancelled')), { once: true });
        try {
          const tell = (event: HostEvent) => event.type === 'loading' && onProgress(event);
          const job = connection.request('load', { folder, explored: writable(explored) }, tell);
          return new HostedEngine(connection, await job.result, generation);
        } catch (cause) {
          connection.close(new ProximaError('cancelled'));
          throw cause;
        }
      },
      (engine) => void engine.dispose(),
    );
  }

  get model() {
    return this.#loaded.model;
  }

  get capabilities() {
    return this.#loaded.capabilities;
  }

  /** Resolves with `engine-lost` when the host has ended without being asked to. */
  get lost(): Promise<ProximaError> {
    return this.#connection.lost;
  }

  measure(context: Omit<ContextSpec, 'plan'>): Job<Measured> {
    return this.#connection.request('measure', { context: writable(context) });
  }

  prepare(id: ContextId, context: ContextSpec, onEvent?: (event: PrepareEvent) => void): Job<PreparedContext> {
    const listener = onEvent && ((event: HostEvent) => onEvent(event as PrepareEvent));
    const job = this.#connection.request('prepare', { contextId: id, context: writable(context) }, listener, () => {
      // It may have been prepared in the very moment in which it was cancelled.
      this.#connection.request('release', { contextId: id });
    });
    const prepared = job.result.then((facts) => new HostedContext(id, this.#generation, facts, this.#connection));
    prepared.catch(() => {});
    return { ...job, result: prepared };
  }

  async dispose(): Promise<void> {
    this.#connection.close(new ProximaError('cancelled'));
  }

  /** Ends a host that is of no use any more; what else was under way on it fails with `engine-lost`. */
  abandon(reason: string): void {
    this.#connection.close(new ProximaError('engine-lost', { reason }));
  }
}

/** Arrays that may be read only are taken as they are: they are cloned on their way. */
function writable<Value>(value: Value): never {
  return value as never;
}

class HostedContext implements PreparedContext {
  readonly id: ContextId;
  readonly generation: number;
  readonly plan;
  readonly tokens;
  readonly seconds;
  readonly memory;
  readonly scratchBytes;
  readonly #connection: Connection;
  readonly #asked = new Set<Job<Answered>>();
  #released: Promise<void> | undefined;

  constructor(id: ContextId, generation: number, facts: PreparedFacts, connection: Connection) {
    this.id = id;
    this.generation = generation;
    this.plan = facts.plan;
    this.tokens = facts.tokens;
    this.seconds = facts.seconds;
    this.memory = facts.memory;
    this.scratchBytes = facts.scratchBytes;
    this.#connection = connection;
  }

  ask(question: Question, onEvent?: (event: AskEvent) => void): Job<Answered> {
    if (this.#released) return failedJob(new ProximaError('context-missing'));
    const listener = onEvent && ((event: HostEvent) => onEvent(event as AskEvent));
    const job = this.#connection.request('ask', { contextId: this.id, question: writable(question) }, listener);
    this.#asked.add(job);
    job.result.catch(() => {}).finally(() => this.#asked.delete(job));
    return job;
  }

  release(): Promise<void> {
    for (const job of this.#asked) job.cancel();
    // A host that has gone has freed it already.
    this.#released ??= this.#connection.request('release', { contextId: this.id }).result.then(
      () => {},
      () => {},
    );
    return this.#released;
  }
}

/** Requests and replies over one host's port. */
class Connection {
  readonly lost: Promise<ProximaError>;
  readonly #host: StartedHost;
  readonly #pending = new Map<number, Pending>();
  #next = 1;
  #closed: ProximaError | undefined;

  constructor(host: StartedHost) {
    this.#host = host;
    host.port.addEventListener('message', ({ data }) => this.#receive(data as Reply));
    this.lost = host.ended.then((reason) => {
      const cause = new ProximaError('engine-lost', { reason });
      this.#fail(cause);
      return cause;
    });
  }

  request<Type extends keyof Outcomes & Work['type']>(
    type: Type,
    details: Details<Type>,
    onEvent: (event: HostEvent) => void = () => {},
    onCancel: () => void = () => {},
  ): Job<Outcomes[Type]> {
    return startJob<Outcomes[Type]>(async ({ signal, onPause, paused }) => {
      if (this.#closed) throw this.#closed;
      if (signal.aborted) throw new ProximaError('cancelled');
      const id = this.#next++;
      const control = (control: Control['type']) => this.#post({ type: control, request: id });
      const outcome = new Promise<Outcomes[Type]>((resolve, reject) => {
        const pending: Pending = { resolve: resolve as (outcome: unknown) => void, reject, onEvent };
        this.#pending.set(id, pending);
      });
      const cancel = () => {
        if (!this.#pending.delete(id)) return;
        control('cancel');
        onCancel();
      };
      signal.addEventListener('abort', cancel, { once: true });
      onPause((now) => this.#pending.has(id) && control(now ? 'pause' : 'resume'));
      this.#post({ type, id, ...details });
      if (paused) control('pause');
      return outcome;
    }, onCancel); // Its result may have come a moment before, and reach nobody.
  }

  /** Ends the host; what is under way and what comes later fails with the cause. */
  close(cause: ProximaError): void {
    this.#fail(cause);
    this.#host.terminate();
  }

  #fail(cause: ProximaError): void {
    this.#closed ??= cause;
    for (const { reject } of this.#pending.values()) reject(cause);
    this.#pending.clear();
  }

  /** A port whose other side has gone may throw; that it has gone is told by `ended`. */
  #post(message: unknown): void {
    try {
      this.#host.port.postMessage(message);
    } catch (cause) {
      if (this.#closed === undefined) this.#fail(new ProximaError('engine-lost', { reason: String(cause) }));
    }
  }

  #receive(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    if (!pending) return;
    if (reply.type === 'event') {
      pending.onEvent(reply.event);
      return;
    }
    this.#pending.delete(reply.id);
    if (reply.type === 'done') pending.resolve(reply.outcome);
    else pending.reject(errorOf(reply.failure));
  }
}
