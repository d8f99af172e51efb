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
