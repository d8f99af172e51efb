/** The engine as the app sees it: started with the settings, watched, and replaced when they change. */

import type { PlanFile } from '../../engine/cache/plan-file.ts';
import type { ContextId, Engine, PlanOffer } from '../../engine/engine.ts';
import { errorOf, type Failure, failureOf, ProximaError } from '../../engine/errors.ts';
import type { StartedHost } from '../../engine/hosts/hosted-engine.ts';
import { type EngineWatch, SupervisedEngine } from '../../engine/hosts/supervised-engine.ts';
import { delegate, type Job, type JobControl, startJob, untilAborted } from '../../engine/jobs/job.ts';
import { log } from '../../engine/log/log.ts';
import type { EngineState, Notice, Settings } from '../contract.ts';
import { type EngineEvent, nextEngine, STARTING } from './engine-state.ts';
import type { ReadingEvent } from './reading-state.ts';

export interface EngineServiceParts {
  /** Starts a host for the settings that hold now. */
  readonly startHost: (settings: Settings, modelFolder: string, signal: AbortSignal) => Promise<StartedHost>;
  readonly settings: () => Settings;
  /** Rejects with `entry-missing` where the model of the settings is not there any more. */
  readonly modelFolder: () => Promise<string>;
  /** Plans that were explored for the model of a folder. */
  readonly explored: (modelFolder: string) => Promise<PlanFile | undefined>;
  readonly onState: (state: EngineState) => void;
  readonly onNotice: (notice: Notice) => void;
  readonly onReadAgain: (id: ContextId, event: Extract<ReadingEvent, { type: 'progress' | 'prepared' }>) => void;
  /** It ended and could not be started again; what it held is read again when it is needed. */
  readonly onFailed: (failure: Failure) => void;
  readonly onDropped: (id: ContextId, failure: Failure) => void;
}

export class EngineService {
  readonly #parts: EngineServiceParts;
  #state: EngineState = STARTING;
  #job: Job<SupervisedEngine> | undefined;
  #engine: SupervisedEngine | undefined;
  #modelFolder: string | undefined;

  constructor(parts: EngineServiceParts) {
    this.#parts = parts;
  }

  get state(): EngineState {
    return this.#state;
  }

  /** Of the engine, also while it recovers or after it failed; none before it has started. */
  get plans(): readonly PlanOffer[] {
    return this.#engine?.capabilities.plans ?? [];
  }

  /** Resolves when the plans are known; undefined where they are. Rejects as `engine` does. */
  whenPlansKnown(): Promise<unknown> | undefined {
    return this.#engine ? undefined : this.engine();
  }

  /** Of the model that runs, or ran last. */
  get modelFolder(): string | undefined {
    return this.#modelFolder;
  }

  /** The engine with its model loaded; started at the first call. Rejects with what kept it from starting. */
  engine(): Promise<Engine> {
    this.#job ??= this.#begin();
    return this.#job.result;
  }

  /** Ends it; the next call of `engine` starts another. Whatever is under way fails with `cancelled`. */
  stop(): void {
    const [job, engine] = [this.#job, this.#engine];
    this.#job = undefined;
    this.#engine = undefined;
    job?.cancel();
    void engine?.dispose();
    this.#move({ type: 'starting' });
  }

  #begin(): Job<SupervisedEngine> {
    this.#move({ type: 'starting' });
    const job: Job<SupervisedEngine> = startJob<SupervisedEngine>(
      (control) => this.#start(control, () => this.#job === job),
      (late) => void late.dispose(),
    );
    job.result.then(
      (engine) => {
        if (this.#job === job) this.#move({ type: 'started', engine });
      },
      (cause) => {
        if (this.#job !== job) return;
        this.#job = undefined; // The next call tries again.
        this.#fail(failureOf(cause));
      },
    );
    return job;
  }

  async #start(control: JobControl, isCurrent: () => boolean): Promise<SupervisedEngine> {
    const folder = await untilAborted(this.#parts.modelFolder(), control.signal);
    this.#modelFolder = folder;
    const explored = await untilAborted(this.#parts.explored(folder), control.signal);
    const startHost = (signal: AbortSignal) => this.#startHost(folder, signal);
    const engine = await delegate(
      control,
      SupervisedEngine.start({ startHost, folder, explored, watch: this.#watch(isCurrent) }),
    );
    if (isCurrent()) this.#engine = engine;
    return engine;
  }

  #watch(isCurrent: () => boolean): EngineWatch {
    const { onNotice, onReadAgain, onFailed, onDropped } = this.#parts;
    const ifCurrent =
      <Parameters extends unknown[]>(work: (...parameters: Parameters) => void) =>
      (...parameters: Parameters) => {
        if (isCurrent()) work(...parameters);
      };
    return {
      onLost: ifCurrent((failure) => {
        log.warn('the engine was lost', errorOf(failure));
        onNotice({ kind: 'engine-lost', failure });
        this.#move({ type: 'lost', failure });
      }),
      onRecovered: ifCurrent(({ smallerPlan }) => {
        onNotice({ kind: 'engine-back', smallerPlan });
        if (this.#engine) this.#move({ type: 'started', engine: this.#engine });
      }),
      // After a loss it recovers, and has been said to.
      onStarting: ifCurrent(() => {
        if (this.#state.state === 'failed') this.#move({ type: 'starting' });
      }),
      onFailed: ifCurrent((failure) => {
        this.#fail(failure);
        onFailed(failure);
      }),
      onProgress: ifCurrent((id, progress) => onReadAgain(id, { type: 'progress', progress })),
      onPrepared: ifCurrent((id, context) => onReadAgain(id, { type: 'prepared', context })),
      onDropped: ifCurrent(onDropped),
    };
  }

  /** Where the graphics card can't be used and nobody insisted on it, the processor serves. */
  async #startHost(folder: string, signal: AbortSignal): Promise<StartedHost> {
    const settings = this.#parts.settings();
    try {
      return await this.#parts.startHost(settings, folder, signal);
    } catch (cause) {
      if (settings.runtime !== 'auto' || !(cause instanceof ProximaError) || signal.aborted) throw cause;
      this.#parts.onNotice({ kind: 'on-processor', failure: failureOf(cause) });
      return this.#parts.startHost({ ...settings, runtime: 'cpu' }, folder, signal);
    }
  }

  #fail(failure: Failure): void {
    log.error('the engine has failed', errorOf(failure));
    this.#move({ type: 'failed', failure });
  }

  #move(event: EngineEvent): void {
    this.#state = nextEngine(this.#state, event);
    this.#parts.onState(this.#state);
  }
}
