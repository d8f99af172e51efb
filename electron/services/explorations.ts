/** Looks for a model's cache plan on the reader's own documents, one at a time, in a process that can be ended at any moment. */
import { failureOf, ProximaError } from '../../engine/errors.ts';
import type { PlanStore } from '../../engine/folders/plan-store.ts';
import type { ExploreProcess } from '../../engine/hosts/explorer.ts';
import type { Exploration } from '../contract.ts';

export interface ExplorationsParts {
  /** Where plans are kept. */
  readonly plans: PlanStore;
  readonly startExplorer: () => ExploreProcess;
  readonly threads: () => number | undefined;
  readonly onChange: (exploration: Exploration) => void;
  /** A plan has been kept. */
  readonly onPlan: (model: string | null) => void;
}

export interface ExplorationRequest {
  /** Null: the built-in one. */
  readonly model: string | null;
  readonly folder: string;
  /** A file for what is measured: an exploration that is cancelled goes on from there when it is started again. */
  readonly measured: string;
  readonly documents: readonly { readonly name: string; readonly text: string }[];
  /** Share of a long document's cache to be saved; as much as costs next to nothing where undefined. */
  readonly saving: number | undefined;
}

export class Explorations {
  readonly #parts: ExplorationsParts;
  #process: ExploreProcess | undefined;
  #state: Exploration | null = null;

  constructor(parts: ExplorationsParts) {
    this.#parts = parts;
  }

  get state(): Exploration | null {
    return this.#state;
  }

  /** Throws `request-invalid` while another is under way. */
  start({ model, folder, measured, documents, saving }: ExplorationRequest): Exploration {
    if (this.#process) {
      throw new ProximaError('exploration-busy');
    }
    const child = this.#parts.startExplorer();
    this.#process = child;
    const state = this.#set({ model, state: 'running', done: 0, total: 0, seconds: 0, check: null, failure: null });
    const started = performance.now();
    child.onMessage((message) => {
      if (this.#process !== child) return;
      if (message.type === 'progress') {
        const { done, total } = message;
        this.#set({ ...state, done, total, seconds: (performance.now() - started) / 1000 });
      } else if (message.type === 'failed') this.#end({ ...state, state: 'failed', failure: message.failure });
      else {
        const check = message.exploration.plan.plans[0]?.check ?? null;
        this.#process = undefined; // Its own end is none of a failure any more.
        child.kill();
        this.#parts.plans.keep(folder, message.exploration).then(
          () => {
            this.#end({ ...state, state: 'done', check });
            this.#parts.onPlan(model);
          },
          (cause) => this.#end({ ...state, state: 'failed', failure: failureOf(cause) }),
        );
      }
    });
    child.onExit(() => {
      if (this.#process !== child) return;
      const lost = new ProximaError('engine-lost', { reason: 'the process that looked for a plan ended' });
      this.#end({ ...state, state: 'failed', failure: failureOf(lost) });
    });
    const threads = this.#parts.threads();
    child.post({ folder, measured, documents: [...documents], goal: { saving }, threads });
    return state;
  }

  /** Ends what is under way. */
  cancel(): void {
    if (this.#process && this.#state) this.#end({ ...this.#state, state: 'cancelled' });
  }

  #end(state: Exploration): void {
    this.#process?.kill();
    this.#process = undefined;
    this.#set(state);
  }

  #set(state: Exploration): Exploration {
    this.#state = state;
    this.#parts.onChange(state);
    return state;
  }
}
