/** The engine as the app sees it: started with the settings, a model in it, watched, and started anew when they change. */
import { failureOf, ProximaError } from '../../engine/errors.ts';
import type { LoadedModel } from '../../engine/hosts/protocol.ts';
import { ResilientEngine, type StartedHost } from '../../engine/hosts/resilient-engine.ts';
import type { EngineState, Notice, Settings } from '../contract.ts';

export interface EngineServiceParts {
  /** Starts a host for the settings that hold now. */
  readonly startHost: (settings: Settings, modelFolder: string) => Promise<StartedHost & { readonly runtime: string }>;
  readonly settings: () => Settings;
  /** Rejects with `entry-missing` where the model of the settings is not there any more. */
  readonly modelFolder: () => Promise<string>;
  readonly onState: (state: EngineState) => void;
  readonly onNotice: (notice: Notice) => void;
  readonly onReadAgain: (reading: number, done: number, total: number, seconds: number) => void;
}

export class EngineService {
  readonly #parts: EngineServiceParts;
  #state: EngineState = { state: 'starting', model: null, runtime: null, failure: null };
  #started: Promise<ResilientEngine> | undefined;
  #engine: ResilientEngine | undefined;
  #modelFolder: string | undefined;

  constructor(parts: EngineServiceParts) {
    this.#parts = parts;
  }

  get state(): EngineState {
    return this.#state;
  }

  /** Of the model that runs, or ran last. */
  get modelFolder(): string | undefined {
    return this.#modelFolder;
  }

  get model(): LoadedModel | null {
    return this.#state.model;
  }

  /** The engine with its model loaded; started at the first call. Rejects with what kept it from starting. */
  engine(): Promise<ResilientEngine> {
    if (this.#started) return this.#started;
    const started = this.#start();
    this.#started = started;
    started.catch(() => {
      if (this.#started === started) this.#started = undefined; // The next call tries again.
    });
    return started;
  }

  /** Ends it; the next call of `engine` starts it anew. */
  stop(): void {
    this.#engine?.terminate();
    this.#engine = undefined;
    this.#started = undefined;
    this.#set({ state: 'starting', model: null, runtime: null, failure: null });
  }

  async #start(): Promise<ResilientEngine> {
    const { onNotice, onReadAgain } = this.#parts;
    this.#set({ state: 'starting', model: null, runtime: null, failure: null });
    const engine: ResilientEngine = new ResilientEngine(() => this.#startHost(), {
      onLost: (cause) => {
        if (engine !== this.#engine) return;
        onNotice({ kind: 'engine-lost', failure: failureOf(cause) });
        this.#set({ ...this.#state, state: 'recovering', failure: failureOf(cause) });
      },
      onProgress: (reading, { done, total, seconds }) => onReadAgain(reading, done, total, seconds),
      onRecovery: ({ policy }) => {
        onNotice({ kind: 'engine-back', smallerPlan: policy !== undefined });
        this.#set({ ...this.#state, state: 'ready', failure: null });
      },
    });
    this.#engine = engine;
    try {
      const folder = await this.#parts.modelFolder();
      // Stopped meanwhile: no host may be started for it any more.
      if (engine !== this.#engine) throw new ProximaError('cancelled');
      this.#modelFolder = folder;
      const model = await engine.load(folder);
      if (engine === this.#engine) this.#set({ state: 'ready', model, runtime: model.runtime, failure: null });
      return engine;
    } catch (cause) {
      engine.terminate();
      if (engine === this.#engine)
        this.#set({ state: 'failed', model: null, runtime: null, failure: failureOf(cause) });
      throw cause;
    }
  }

  /** Where the graphics card can't be used and nobody insisted on it, the CPU serves. */
  async #startHost(): Promise<StartedHost> {
    const settings = this.#parts.settings();
    try {
      return await this.#parts.startHost(settings, this.#modelFolder ?? '');
    } catch (cause) {
      if (settings.runtime !== 'auto' || !(cause instanceof ProximaError)) throw cause;
      this.#parts.onNotice({ kind: 'on-processor', failure: failureOf(cause) });
      return this.#parts.startHost({ ...settings, runtime: 'cpu' }, this.#modelFolder ?? '');
    }
  }

  #set(state: EngineState): void {
    this.#state = state;
    this.#parts.onState(state);
  }
}
