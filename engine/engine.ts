/**
 * The engine as everybody else sees it: in this process (`local/`), in a process or window of its own (`hosts/hosted-engine.ts`),
 * or one that outlives its hosts (`hosts/supervised-engine.ts`). They are all the same to the services, and one test suite runs
 * over all of them (`tests/integration/engine.test.ts`).
 */
import type { CacheParts } from './cache/memory.ts';
import type { CachePlan } from './cache/plan.ts';
import type { PlanCheck, PlanEvaluation } from './cache/plan-file.ts';
import type { Page } from './documents/document.ts';
import type { Failure } from './errors.ts';
import type { Fit } from './fit.ts';
import type { Sampling } from './generate/sampling.ts';
import type { Job } from './jobs/job.ts';
import type { Turn } from './model/chat-template.ts';

/** A UUID of the caller's: it names a context whatever host holds it. */
export type ContextId = string;
/** Names a cache plan of the model: 'dense' keeps everything, others less. */
export type PlanId = string;

/** A model with everything it needs, ready to read. */
export interface Engine {
  readonly model: LoadedModel;
  readonly capabilities: Capabilities;
  /** What a context would take under each plan; nothing is read. */
  measure(context: Omit<ContextSpec, 'plan'>): Job<Measured>;
  /**
   * Reads a context, so that it can be asked about. The job fails with `document-too-long`, `memory-too-small`, `engine-lost`,
   * `device-lost`, `device-out-of-memory` or `cancelled`.
   */
  prepare(id: ContextId, context: ContextSpec, onEvent?: (event: PrepareEvent) => void): Job<PreparedContext>;
  /** Frees everything. Whatever is under way fails with `cancelled`, and whatever is begun later. */
  dispose(): Promise<void>;
}

export interface LoadedModel {
  readonly name: string;
  readonly runtime: string;
  readonly layers: number;
  readonly contextTokens: number;
  readonly weightBytes: number;
}

export interface Capabilities {
  /** Cache plans, the one that takes most first. */
  readonly plans: readonly PlanOffer[];
  /** Where an answer comes from: by attention, exactly, or not at all. */
  readonly evidence: 'attention' | 'none';
  /** Answers are cut out of the document word by word, or written; a model that quotes writes where its attention can't be asked. */
  readonly answers: 'quoted' | 'written';
  /** Whether `measure` counts the model's own tokens, or estimates them. */
  readonly tokenCounts: 'exact' | 'estimated';
  /** Whether contexts can be kept on disk and opened again. */
  readonly snapshots: boolean;
}

export interface PlanOffer {
  readonly id: PlanId;
  /** What people call it. */
  readonly label: string;
  /**
   * all kept: the dense model. as good as dense: it answers as many questions about long documents right, see `evaluated`.
   * adapted: the model was trained under it. measured: its cost was measured on some documents, see `check`. unmeasured: nobody
   * knows what it costs.
   */
  readonly standing: 'all kept' | 'as good as dense' | 'adapted' | 'measured' | 'unmeasured';
  /** How it came about, for people. */
  readonly found: string;
  /** What is kept, [layer][KV head]. */
  readonly units: CachePlan['units'];
  /** Share of a long document's cache that it saves. */
  readonly saving: number;
  readonly check: PlanCheck | null;
  readonly evaluated: PlanEvaluation | null;
}

/** What is read: documents in their order, under a plan. */
export interface ContextSpec {
  readonly parts: readonly ContextPart[];
  readonly plan: PlanId;
  /** First and latest tokens that keep their own keys; the plan's own where left out. */
  readonly sinks?: number | undefined;
  readonly recent?: number | undefined;
  /** Bytes that all contexts of the engine may take together; what the machine has where left out. */
  readonly memoryBytes?: number | undefined;
}

export interface ContextPart {
  /** The caller's name for the document; evidence points to it. */
  readonly document: string;
  readonly pages: readonly Page[];
}

export type PrepareEvent =
  /** Sent once, before the first token is read. */
  | { readonly type: 'fit'; readonly fit: Fit }
  | ({ readonly type: 'progress' } & ReadingProgress)
  | { readonly type: 'memory'; readonly memory: MemoryUse }
  /** Reading begins anew, because the host was lost. */
  | { readonly type: 'restarted'; readonly failure: Failure };

export interface ReadingProgress {
  /** Tokens read, and of how many. */
  readonly done: number;
  readonly total: number;
  readonly seconds: number;
  /** The page that has been reached. */
  readonly page: number;
}

/** A context in the engine's memory. */
export interface PreparedContext {
  readonly id: ContextId;
  /** Which life of the engine holds it; it changes when a host is replaced. */
  readonly generation: number;
  /** The plan it was read under; a smaller one than was asked for where a card's memory did not suffice. */
  readonly plan: PlanId;
  readonly tokens: number;
  readonly seconds: number;
  readonly memory: MemoryUse;
  readonly scratchBytes: number;
  /** Fails with `context-missing` once it is released or its engine disposed of, and as `prepare` does. */
  ask(question: Question, onEvent?: (event: AskEvent) => void): Job<Answered>;
  /** Frees its memory; questions under way fail with `cancelled`. Never rejects. */
  release(): Promise<void>;
}

export interface Question {
  readonly text: string;
  /** What was said before. */
  readonly turns: readonly Turn[];
  /** Of no effect where answers are quoted, as sampling is. */
  readonly maxTokens: number;
  /** The model's own where left out. */
  readonly sampling?: { readonly [Name in keyof Sampling]?: Sampling[Name] | undefined } | undefined;
}

export type AskEvent =
  /** More of the answer. */
  | { readonly type: 'text'; readonly text: string }
  /** The answer begins anew, because the host was lost: what was said so far doesn't count. */
  | { readonly type: 'restarted'; readonly failure: Failure };

export interface Answered {
  readonly answer: Answer;
  readonly memory: MemoryUse;
  /** The plan under which it was given. */
  readonly plan: PlanId;
}

export interface Answer {
  readonly question: string;
  /** As the model wrote it; what it thought aloud stands in front (`thinking.ts`). */
  readonly answer: string;
  readonly pages: readonly AnswerPage[];
  /** How likely the answer is right, 0–1; null where that was never measured for the model. */
  readonly confidence: number | null;
  /** Where the document is said to have no answer, or the answer is a guess: what comes closest to the question. Else empty. */
  readonly closest: readonly ClosestPassage[];
  readonly stopped: 'stop-token' | 'length';
  readonly seconds: number;
  readonly firstTokenSeconds: number;
  readonly decodeTokensPerSecond: number;
}

export interface AnswerPage {
  readonly page: number;
  readonly share: number;
  /** The text of the passage that got most attention, in whole sentences where it has some. */
  readonly passage: string;
}

export interface ClosestPassage {
  readonly page: number;
  readonly passage: string;
  /** By the words of the question, by the model's attention, or both. */
  readonly foundBy: readonly ('words' | 'attention')[];
}

export interface MemoryUse {
  readonly bytes: number;
  readonly denseBytes: number;
  /** 1 − bytes / denseBytes */
  readonly saving: number;
  readonly parts: CacheParts;
}

/** What a context would take under each plan, in the order of `Capabilities.plans`. */
export interface Measured {
  readonly tokens: number;
  readonly fits: readonly { readonly plan: PlanId; readonly fit: Fit }[];
}
