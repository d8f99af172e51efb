/** The engine's side of the protocol: one model behind a port, its contexts by the caller's names. */
import type { PlanFile } from '../cache/plan-file.ts';
import type { Engine, PreparedContext } from '../engine.ts';
import { type Failure, failureOf, ProximaError } from '../errors.ts';
import type { Job } from '../jobs/job.ts';
import { LocalEngine } from '../local/local-engine.ts';
import type { Reader } from '../local/reader.ts';
import {
  type Control,
  type HostEvent,
  type Loaded,
  type Outcomes,
  type Port,
  type PreparedFacts,
  type Reply,
  type RequestOf,
  requestSchema,
  type Work,
} from './protocol.ts';

/**
 * Loads the model of a folder, by the name that the caller gives it, with plans that were explored for it. Rejects as `loadModel`
 * does.
 */
export type LoadReader = (
  folder: string,
  onProgress: (done: number, total: number) => void,
  explored?: PlanFile,
) => Promise<Reader>;

/** Answers the messages of a port until it is closed. onFault: hears of what should not happen, with its stack, for the log. */
export function serveEngine(port: Port, load: LoadReader, onFault: (cause: unknown) => void = () => {}): void {
  const host = new EngineHost(load, (reply) => port.postMessage(reply), onFault);
  port.addEventListener('message', ({ data }) => host.receive(data));
}

const MALFORMED: Failure = { code: 'message-malformed', detail: {} };

class EngineHost {
  readonly #load: LoadReader;
  readonly #post: (reply: Reply) => void;
  readonly #onFault: (cause: unknown) => void;
  readonly #jobs = new Map<number, Job<unknown>>();
  readonly #contexts = new Map<string, PreparedContext>();
  #engine: Engine | undefined;

  constructor(load: LoadReader, post: (reply: Reply) => void, onFault: (cause: unknown) => void) {
    this.#load = load;
    this.#post = post;
    this.#onFault = onFault;
  }

  receive(message: unknown): void {
    const parsed = requestSchema.safeParse(message);
    if (!parsed.success) this.#post({ type: 'failed', id: idOf(message), failure: MALFORMED });
    else if (isControl(parsed.data)) this.#control(parsed.data);
    else void this.#answer(parsed.data);
  }

  #control({ type, request }: Control): void {
    this.#jobs.get(request)?.[type]();
  }

  async #answer(request: Work): Promise<void> {
    const { id } = request;
    try {
      this.#post({ type: 'done', id, outcome: await this.#outcome(request) });
    } catch (cause) {
      if (!(cause instanceof ProximaError)) this.#onFault(cause);
      this.#post({ type: 'failed', id, failure: failureOf(cause, 'engine-failed') });
    } finally {
      this.#jobs.delete(id);
    }
  }

  #outcome(request: Work): Promise<Outcomes[keyof Outcomes]> {
    switch (request.type) {
      case 'load':
        return this.#loadModel(request);
      case 'measure':
        return this.#run(request.id, this.#loaded().measure(request.context));
      case 'prepare':
        return this.#prepare(request);
      case 'ask':
        return this.#run(request.id, this.#context(request).ask(request.question, this.#tell(request.id)));
      case 'release':
        return this.#release(request);
    }
  }

  async #loadModel({ id, folder, explored }: RequestOf<'load'>): Promise<Loaded> {
    await this.#engine?.dispose();
    this.#contexts.clear();
    const tell = this.#tell(id);
    const onProgress = (done: number, total: number) => tell({ type: 'loading', done, total });
    const engine = new LocalEngine(await this.#load(folder, onProgress, explored));
    this.#engine = engine;
    return { model: engine.model, capabilities: engine.capabilities };
  }

  async #prepare({ id, contextId, context }: RequestOf<'prepare'>): Promise<PreparedFacts> {
    const prepared = await this.#run(id, this.#loaded().prepare(contextId, context, this.#tell(id)));
    this.#contexts.set(contextId, prepared);
    const { plan, tokens, seconds, memory, scratchBytes } = prepared;
    return { plan, tokens, seconds, memory, scratchBytes };
  }

  async #release({ contextId }: RequestOf<'release'>): Promise<null> {
    const context = this.#contexts.get(contextId);
    this.#contexts.delete(contextId);
    await context?.release();
    return null;
  }

  #run<Result>(id: number, job: Job<Result>): Promise<Result> {
    this.#jobs.set(id, job);
    return job.result;
  }

  #tell(id: number): (event: HostEvent) => void {
    return (event) => this.#post({ type: 'event', id, event });
  }

  #loaded(): Engine {
    if (this.#engine) return this.#engine;
    throw new ProximaError('model-missing', { place: 'the engine', lacks: 'no model has been loaded' });
  }

  #context({ contextId }: RequestOf<'ask'>): PreparedContext {
    const context = this.#contexts.get(contextId);
    if (context) return context;
    throw new ProximaError('context-missing');
  }
}

function isControl(request: Work | Control): request is Control {
  return request.type === 'cancel' || request.type === 'pause' || request.type === 'resume';
}

function idOf(message: unknown): number {
  const id = typeof message === 'object' && message !== null && 'id' in message ? message.id : undefined;
  return typeof id === 'number' ? id : -1;
}
