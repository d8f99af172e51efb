/**
 * An engine that outlives its host. Hosts hold nothing that can't be rebuilt: when one is lost (its process or worker ended,
 * the graphics card was lost or has no memory left) it is torn down, a new one is started, the model loaded and every open
 * document read again with its turns, and what was under way is done once more. After trouble with the card's memory the next
 * smaller plan is taken; where there is none, the failure is the caller's.
 */

import type { Answer, MemoryUse } from '../engine.ts';
import { type ErrorCode, ProximaError } from '../errors.ts';
import type { Turn } from '../model/chat-template.ts';
import { type Callbacks, EngineClient, type Progress } from './client.ts';
import type { LoadedModel, Measured, OpenedReading, Port, RequestOf } from './protocol.ts';

/** A host that runs, and how to end it. */
export interface StartedHost {
  readonly port: Port;
  /** Settles with a cause when the host ends without having been asked to. */
  readonly ended: Promise<string>;
  terminate(): void;
}

export type OpenRequest = Omit<RequestOf<'open'>, 'type' | 'id' | 'turns'>;

interface OpenDocument {
  request: OpenRequest;
  turns: Turn[];
  /** The reading's number in the present host. */
  reading: number;
}

/** What hears of losses: that a host was lost, how far reading again has come, that all is as it was. */
export interface RecoveryWatch {
  onLost?(cause: ProximaError): void;
  onProgress?(document: number, progress: Progress): void;
  onRecovery?(recovery: Recovery): void;
}

export interface Recovery {
  readonly cause: ProximaError;
  /** The plan under which documents are read from now on, where it had to be made smaller. */
  readonly policy: 'pod' | undefined;
}

const LOSSES: ReadonlySet<ErrorCode> = new Set(['engine-lost', 'device-lost', 'device-out-of-memory']);
/** A document that takes the host down each time is not read for ever. */
const MOST_ATTEMPTS = 3;

export class ResilientEngine {
  readonly #start: () => Promise<StartedHost>;
  readonly #watch: RecoveryWatch;
  readonly #documents = new Map<number, OpenDocument>();
  #host: { started: StartedHost; client: EngineClient } | undefined;
  #folder: string | undefined;
  #recovering: Promise<void> | undefined;
  #next = 1;
  /** Counts terminations, so that a host that was still starting is ended as well. */
  #ends = 0;

  constructor(start: () => Promise<StartedHost>, watch: RecoveryWatch = {}) {
    this.#start = start;
    this.#watch = watch;
  }

  async load(folder: string, callbacks: Callbacks = {}): Promise<LoadedModel> {
    this.#documents.clear();
    const client = await this.#client();
    const model = await client.load(folder, callbacks);
    this.#folder = folder;
    return model;
  }

  /** What a document would take. */
  measure(request: Omit<RequestOf<'measure'>, 'type' | 'id'>): Promise<Measured> {
    return this.#surviving((client) => client.measure(request));
  }

  /** Reads a document; `document` of the result names it from now on. */
  async open(request: OpenRequest, callbacks: Callbacks = {}): Promise<OpenedReading & { document: number }> {
    const open: OpenDocument = { request, turns: [], reading: 0 };
    const opened = await this.#surviving(async (client) => this.#read(client, open, callbacks), [open], callbacks);
    const document = this.#next++;
    this.#documents.set(document, open);
    return { ...opened, document };
  }

  async ask(
    document: number,
    request: Omit<RequestOf<'ask'>, 'type' | 'id' | 'reading'>,
    callbacks: Callbacks = {},
  ): Promise<{ answer: Answer; memory: MemoryUse }> {
    const open = this.#document(document);
    const result = await this.#surviving(
      (client) => client.ask({ ...request, reading: open.reading }, callbacks),
      [],
      callbacks,
    );
    open.turns = [...(request.turns ?? open.turns), { question: result.answer.question, answer: result.answer.answer }];
    return result;
  }

  async forget(document: number): Promise<void> {
    const open = this.#document(document);
    open.turns = [];
    await this.#surviving((client) => client.forget(open.reading));
  }

  async close(document: number): Promise<void> {
    const open = this.#document(document);
    this.#documents.delete(document);
    await (await this.#client()).close(open.reading);
  }

  terminate(): void {
    this.#ends++;
    this.#host?.started.terminate();
    this.#host = undefined;
  }

  async #read(client: EngineClient, open: OpenDocument, callbacks: Callbacks): Promise<OpenedReading> {
    const opened = await client.open({ ...open.request, turns: open.turns }, callbacks);
    open.reading = opened.reading;
    return opened;
  }

  /** Does the work, on a new host as often as the one it runs on is lost. `also`: documents that are not registered yet. */
  async #surviving<Result>(
    work: (client: EngineClient) => Promise<Result>,
    also: readonly OpenDocument[] = [],
    { onRestart }: Callbacks = {},
  ): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      const client = await this.#client();
      try {
        return await work(client);
      } catch (cause) {
        if (!(cause instanceof ProximaError) || !LOSSES.has(cause.code) || attempt === MOST_ATTEMPTS) throw cause;
        await this.#recover(client, cause, also);
        onRestart?.();
      }
    }
  }

  /** One recovery for all that were under way. */
  #recover(lost: EngineClient, cause: ProximaError, also: readonly OpenDocument[]): Promise<void> {
    if (this.#host && this.#host.client !== lost) return this.#recovering ?? Promise.resolve();
    this.#recovering ??= this.#rebuild(cause, also).finally(() => {
      this.#recovering = undefined;
    });
    return this.#recovering;
  }

  async #rebuild(cause: ProximaError, also: readonly OpenDocument[]): Promise<void> {
    this.terminate();
    this.#watch.onLost?.(cause);
    const policy = cause.code === 'device-out-of-memory' ? 'pod' : undefined;
    const all = [...this.#documents.values(), ...also];
    if (policy && all.every(({ request }) => request.policy === policy)) throw cause;
    for (const open of policy ? all : []) open.request = { ...open.request, policy };
    const client = await this.#client();
    if (this.#folder !== undefined) await client.load(this.#folder);
    for (const [document, open] of this.#documents) {
      await this.#read(client, open, { onProgress: (progress) => this.#watch.onProgress?.(document, progress) });
    }
    this.#watch.onRecovery?.({ cause, policy });
  }

  async #client(): Promise<EngineClient> {
    if (this.#host) return this.#host.client;
    const ends = this.#ends;
    const started = await this.#start();
    if (ends !== this.#ends) {
      started.terminate();
      throw new ProximaError('engine-lost', { reason: 'it was ended while it started' });
    }
    const client = new EngineClient(started.port);
    this.#host = { started, client };
    void started.ended.then((cause) => {
      const lost = client.hostLost(cause);
      // Also when nothing was under way: the next question is not to wait.
      if (this.#host?.client === client) this.#recover(client, lost, []).catch(() => {});
    });
    return client;
  }

  #document(document: number): OpenDocument {
    const open = this.#documents.get(document);
    if (open) return open;
    throw new ProximaError('context-missing');
  }
}
