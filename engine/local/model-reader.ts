/** What reads documents and answers about them, one step at a time; `LocalEngine` puts it behind jobs that share the device. */
import type {
  Answer,
  Capabilities,
  ContextSpec,
  LoadedModel,
  Measured,
  MemoryUse,
  PlanId,
  Question,
  ReadingProgress,
} from '../engine.ts';
import type { Fit } from '../fit.ts';
import type { Model } from '../model/model.ts';
import { choosePolicy, plansOf } from '../policy.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { measurePages, Reading } from './reading.ts';

export interface Reader {
  readonly model: LoadedModel;
  readonly capabilities: Capabilities;
  /** Bytes that can be taken now. */
  availableBytes(): number;
  /** Throws `plan-invalid`. */
  measure(context: Omit<ContextSpec, 'plan'>, availableBytes: number): Measured;
  /** Plans the memory; nothing is read yet. Throws `document-too-long`, `memory-too-small` or `plan-invalid`. */
  begin(context: ContextSpec, availableBytes: number): OpenReading;
  close(): Promise<void>;
}

/** A context on its way into memory, and there. */
export interface OpenReading {
  readonly plan: PlanId;
  readonly tokenCount: number;
  readonly fit: Fit;
  readonly whole: boolean;
  readonly progress: ReadingProgress;
  readChunk(): Promise<void>;
  ask(
    question: Question,
    options: { readonly signal: AbortSignal; readonly onText: (text: string) => void },
  ): Promise<Answer>;
  memory(): MemoryUse;
  close(): void;
}

/** A loaded model as reader. */
export function readerOf(model: Model, runtime: Runtime): Reader {
  const plans = plansOf(model);
  const pagesOf = ({ parts }: Pick<ContextSpec, 'parts'>) => parts.flatMap(({ pages }) => pages);
  return {
    model: {
      name: model.name,
      runtime: runtime.name,
      layers: model.config.layers,
      contextTokens: model.contextTokens,
      weightBytes: model.weightBytes,
    },
    capabilities: { plans, evidence: 'attention', tokenCounts: 'exact' },
    availableBytes: () => runtime.availableBytes(),
    measure: (context, availableBytes) => {
      const { sinks, recent } = context;
      const policies = plans.map(({ id }) => choosePolicy(model, { policy: id, sinks, recent }));
      return measurePages(model, policies, pagesOf(context), availableBytes);
    },
    begin: (context, availableBytes) => {
      const { plan, sinks, recent } = context;
      const policy = choosePolicy(model, { policy: plan, sinks, recent });
      return Reading.begin(model, policy, { pages: pagesOf(context) }, availableBytes);
    },
    close: () => model.decoder.close(),
  };
}
