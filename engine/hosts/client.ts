/** The caller's side of the protocol: promises, callbacks and abort signals over a port. */
import type { Answer, MemoryUse } from '../engine.ts';
import { errorOf, ProximaError } from '../errors.ts';
import type { Fit } from '../fit.ts';
import type { Control, LoadedModel, Measured, OpenedReading, Port, Reply, Request, RequestOf } from './protocol.ts';

export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly seconds: number;
  /** The page that has been reached, where a document is read. */
  readonly page?: number;
}

/** Pauses a reading and lets it go on. */
export class PauseSwitch extends EventTarget {
  #paused = false;

  get paused(): boolean {
    return this.#paused;
  }

  set(paused: boolean): void {
    this.#paused = paused;
    this.dispatchEvent(new Event('change'));
  }
}

export interface Callbacks {
  readonly signal?: AbortSignal;
  /** Hears whether a reading is to pause. */
  readonly pause?: PauseSwitch;
  readonly onProgress?: (progress: Progress) => void;
  readonly onFit?: (fit: Fit) => void;
  readonly onMemory?: (memory: MemoryUse) => void;
  readonly onText?: (text: string) => void;
  /** The work begins anew, because its host was lost: what was said so far counts no more. */
  readonly onRestart?: () => void;
}

type Final = Extract<Reply, { type: 'loaded' | 'measured' | 'opened' | 'answered' | 'done' }>;
type Details<Type extends Request['type']> = Omit<RequestOf<Type>, 'type' | 'id'>;

interface Pending {
  readonly callbacks: Callbacks;
  resolve(reply: Final): void;
  reject(cause: ProximaError): void;
}

/** All methods reject with the `ProximaError` that the host names, `engine-lost` when the host has gone. */
export class EngineClient {
  readonly #port: Port;
  readonly #pending = new Map<number, Pending>();
  #next = 1;
  #lost: ProximaError | undefined;

  constructor(port: Port) {
    this.#port = port;
    port.addEventListener('message', ({ data }) => this.#receive(data as Reply));
  }

  async load(folder: string, callbacks: Callbacks = {}): Promise<LoadedModel> {
    const reply = await this.#send('load', { folder }, callbacks);
    return (reply as Extract<Reply, { type: 'loaded' }>).model;
  }

  async measure(request: Details<'measure'>): Promise<Measured> {
    const reply = await this.#send('measure', request, {});
    return (reply as Extract<Reply, { type: 'measured' }>).measured;
  }

  async open(request: Details<'open'>, callbacks: Callbacks = {}): Promise<OpenedReading> {
    const reply = await this.#send('open', request, callbacks);
    return (reply as Extract<Reply, { type: 'opened' }>).opened;
  }

  async ask(request: Details<'ask'>, callbacks: Callbacks = {}): Promise<{ answer: Answer; memory: MemoryUse }> {
    const { answer, memory } = (await this.#send('ask', request, callbacks)) as Extract<Reply, { type: 'answered' }>;
    return { answer, memory };
  }

  async forget(reading: number): Promise<void> {
    await this.#send('forget', { reading }, {});
  }

  async close(reading: number): Promise<void> {
    await this.#send('close', { reading }, {});
  }

  /** To be called by whoever sees the host go: every request that is under way fails, and every later one. */
  hostLost(cause: string): ProximaError {
    const lost = new ProximaError('engine-lost', { reason: cause });
    this.#lost = lost;
    for (const { reject } of this.#pending.values()) reject(lost);
    this.#pending.clear();
    return lost;
  }

  #send<Type extends Exclude<Request['type'], Control['type']>>(
    type: Type,
    details: Details<Type>,
    callbacks: Callbacks,
  ): Promise<Final> {
    if (this.#lost) return Promise.reject(this.#lost);
    const id = this.#next++;
    const { signal, pause } = callbacks;
    const control = (type: Control['type']) => this.#port.postMessage({ type, id: this.#next++, request: id });
    const cancel = () => control('cancel');
    const changed = () => control(pause?.paused ? 'pause' : 'resume');
    const ended = new Promise<Final>((resolve, reject) => this.#pending.set(id, { callbacks, resolve, reject }));
    this.#port.postMessage({ type, id, ...details });
    if (signal?.aborted) cancel();
    if (pause?.paused) changed();
    signal?.addEventListener('abort', cancel, { once: true });
    pause?.addEventListener('change', changed);
    return ended.finally(() => {
      signal?.removeEventListener('abort', cancel);
      pause?.removeEventListener('change', changed);
    });
  }

  #receive(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    if (!pending) return;
    const { callbacks } = pending;
    if (reply.type === 'progress') callbacks.onProgress?.(reply);
    else if (reply.type === 'fit') callbacks.onFit?.(reply.fit);
    else if (reply.type === 'memory') callbacks.onMemory?.(reply.memory);
    else if (reply.type === 'text') callbacks.onText?.(reply.text);
    else this.#end(reply, pending);
  }

  #end(reply: Final | Extract<Reply, { type: 'failed' }>, pending: Pending): void {
    this.#pending.delete(reply.id);
    if (reply.type !== 'failed') pending.resolve(reply);
    else pending.reject(errorOf(reply.failure));
  }
}
