/** The engine's side of the protocol: one model, any number of readings, one request after the other. */
import { measureDocument, Reading } from '../engine.ts';
import { type Failure, failureOf, ProximaError } from '../errors.ts';
import { loadModel, type Model } from '../model/model.ts';
import type { ModelFolder } from '../model/source.ts';
import { choosePolicy, type PolicyName } from '../policy.ts';
import type { Runtime } from '../runtime/runtime.ts';
import {
  type Control,
  type LoadedModel,
  type Measured,
  type OpenedReading,
  type Port,
  type Reply,
  type Request,
  type RequestOf,
  requestSchema,
} from './protocol.ts';

export interface HostParts {
  readonly runtime: Runtime;
  /** A folder by the name that the caller gives; rejects with `model-missing`. */
  readonly openFolder: (name: string) => Promise<{ folder: ModelFolder; dataFolder: string | undefined }>;
}

/** Reports of memory while reading come at most so often, in milliseconds. */
const MEMORY_INTERVAL = 100;

/** Answers the messages of a port until it is closed. */
export function serveEngine(port: Port, parts: HostParts): void {
  const host = new EngineHost(parts, (reply) => port.postMessage(reply));
  port.addEventListener('message', ({ data }) => void host.receive(data));
}

interface Waiting {
  readonly type: Requests['type'];
  run(): Promise<void>;
}

/** A request that is under way. */
interface UnderWay {
  readonly controller: AbortController;
  paused: boolean;
}

class EngineHost {
  readonly #parts: HostParts;
  readonly #post: (reply: Reply) => void;
  readonly #readings = new Map<number, Reading>();
  readonly #underWay = new Map<number, UnderWay>();
  /** What has come and not begun, in order. */
  readonly #waiting: Waiting[] = [];
  #working = false;
  /** Ends the rest of a paused reading. */
  #wake: () => void = () => {};
  #model: Model | undefined;

  constructor(parts: HostParts, post: (reply: Reply) => void) {
    this.#parts = parts;
    this.#post = post;
  }

  receive(message: unknown): Promise<void> {
    const parsed = requestSchema.safeParse(message);
    if (!parsed.success) {
      this.#post({ type: 'failed', id: idOf(message), failure: MALFORMED });
      return Promise.resolve();
    }
    const request = parsed.data;
    if (isControl(request)) {
      this.#control(request);
      return Promise.resolve();
    }
    const controller = new AbortController();
    this.#underWay.set(request.id, { controller, paused: false });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ type: request.type, run: () => this.#answer(request, controller.signal).then(resolve) });
    this.#wake();
    void this.#work();
    return promise;
  }

  /** The device does one thing at a time. */
  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    for (let next = this.#next(); next; next = this.#next()) await next.run();
    this.#working = false;
  }

  /** What may overtake a document that is to be read, but no model that is to be loaded; else the first. */
  #next(): Waiting | undefined {
    return this.#overtaking() ?? this.#waiting.shift();
  }

  #overtaking(): Waiting | undefined {
    const index = this.#waiting.findIndex(({ type }) => type !== 'open');
    return this.#waiting[index]?.type === 'load' ? undefined : this.#waiting.splice(index, index < 0 ? 0 : 1)[0];
  }

  #control({ type, id, request }: Control): void {
    const underWay = this.#underWay.get(request);
    if (underWay) underWay.paused = type === 'pause';
    if (type === 'cancel') underWay?.controller.abort();
    this.#wake();
    this.#post({ type: 'done', id });
  }

  /** Between two chunks: answers what has come, and rests while paused. */
  async #rest(request: UnderWay | undefined): Promise<void> {
    for (;;) {
      for (let next = this.#overtaking(); next; next = this.#overtaking()) await next.run();
      if (!request?.paused) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async #answer(request: Requests, signal: AbortSignal): Promise<void> {
    const { id } = request;
    try {
      if (request.type === 'load') this.#post({ type: 'loaded', id, model: await this.#load(request) });
      else if (request.type === 'measure') this.#post({ type: 'measured', id, measured: this.#measure(request) });
      else if (request.type === 'open') this.#post({ type: 'opened', id, opened: await this.#open(request, signal) });
      else if (request.type === 'ask') await this.#ask(request, signal);
      else this.#end(request);
    } catch (cause) {
      this.#post({ type: 'failed', id, failure: failureOf(cause, 'engine-failed') });
    } finally {
      this.#underWay.delete(id);
    }
  }

  async #load({ id, folder: name }: RequestOf<'load'>): Promise<LoadedModel> {
    await this.#closeModel();
    const { runtime, openFolder } = this.#parts;
    const { folder, dataFolder } = await openFolder(name);
    const started = performance.now();
    const model = await loadModel(folder, runtime, {
      ...(dataFolder === undefined ? {} : { dataFolder }),
      onProgress: (done, total) => {
        const seconds = (performance.now() - started) / 1000;
        this.#post({ type: 'progress', id, what: 'loading', done, total, seconds });
      },
    });
    this.#model = model;
    const { planFile } = model;
    return {
      name: model.name,
      runtime: runtime.name,
      layers: model.config.layers,
      contextTokens: model.contextTokens,
      weightBytes: model.weightBytes,
      plan: planFile ? (planFile.adapted ? 'adapted' : 'not adapted') : 'none',
      check: planFile?.check ?? null,
    };
  }

  #measure({ pages, sinks, recent, availableBytes }: RequestOf<'measure'>): Measured {
    const model = this.#loaded();
    const bytes = availableBytes ?? this.#parts.runtime.availableBytes();
    const under = (policy: PolicyName) => choosePolicy(model, { policy, sinks, recent });
    const fits = measureDocument(model, { dense: under('dense'), pod: under('pod') }, pages, bytes);
    return { tokens: fits.pod.tokens, ...fits };
  }

  async #open(request: RequestOf<'open'>, signal: AbortSignal): Promise<OpenedReading> {
    const { id, pages, sinks, recent, availableBytes, turns = [] } = request;
    const model = this.#loaded();
    const policy = choosePolicy(model, { policy: request.policy, sinks, recent });
    let reported = -Infinity;
    const reading = await Reading.open(
      model,
      policy,
      { pages },
      {
        availableBytes: availableBytes ?? this.#parts.runtime.availableBytes(),
        signal,
        betweenChunks: () => this.#rest(this.#underWay.get(id)),
        onFit: (fit) => this.#post({ type: 'fit', id, fit }),
        onProgress: (progress) => this.#post({ type: 'progress', id, what: 'reading', ...progress }),
        onMemory: (memory) => {
          if (performance.now() - reported < MEMORY_INTERVAL) return;
          reported = performance.now();
          this.#post({ type: 'memory', id, memory: memory() });
        },
      },
    );
    reading.resume(turns);
    this.#readings.set(id, reading);
    const memory = reading.memory();
    this.#post({ type: 'memory', id, memory });
    return {
      reading: id,
      tokens: reading.tokens.ids.length,
      seconds: reading.prefillSeconds,
      policy: policy.name,
      memory,
      scratchBytes: reading.fit.scratchBytes,
    };
  }

  async #ask(
    { id, reading: number, question, turns, maxTokens, sampling }: RequestOf<'ask'>,
    signal: AbortSignal,
  ): Promise<void> {
    const reading = this.#reading(number);
    if (turns) reading.resume(turns);
    const given = Object.fromEntries(Object.entries(sampling ?? {}).filter(([, value]) => value !== undefined));
    const answer = await reading.ask(question, {
      maxTokens,
      sampling: { seed: 0, ...this.#loaded().config.sampling, ...given },
      signal,
      onText: (text) => this.#post({ type: 'text', id, text }),
    });
    this.#post({ type: 'answered', id, answer, memory: reading.memory() });
  }

  #end({ type, id, reading: number }: RequestOf<'forget'> | RequestOf<'close'>): void {
    const reading = this.#reading(number);
    if (type === 'forget') reading.newConversation();
    else {
      reading.close();
      this.#readings.delete(number);
    }
    this.#post({ type: 'done', id });
  }

  async #closeModel(): Promise<void> {
    for (const reading of this.#readings.values()) reading.close();
    this.#readings.clear();
    await this.#model?.decoder.close();
    this.#model = undefined;
  }

  #loaded(): Model {
    if (this.#model) return this.#model;
    throw new ProximaError('model-missing', { place: 'the engine', lacks: 'no model has been loaded' });
  }

  #reading(number: number): Reading {
    const reading = this.#readings.get(number);
    if (reading) return reading;
    throw new ProximaError('context-missing');
  }
}

type Requests = Exclude<Request, Control>;

function isControl(request: Request): request is Control {
  return request.type === 'cancel' || request.type === 'pause' || request.type === 'resume';
}

const MALFORMED: Failure = { code: 'message-malformed', detail: {} };

function idOf(message: unknown): number {
  const id = typeof message === 'object' && message !== null && 'id' in message ? message.id : undefined;
  return typeof id === 'number' ? id : -1;
}
