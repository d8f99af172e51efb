/**
 * What an engine's host and its caller say to each other over one port. Version 2.
 *
 *     caller → host    load     a model folder, with plans explored for it → loaded
 *                      measure  a context under every plan                → measured
 *                      prepare  a context, under a plan                   → prepared; fit, progress and memory while it reads
 *                      ask      a question about a prepared context       → answered; text as it comes
 *                      release  a context                                 → released
 *                      cancel, pause, resume  a request that is under way → nothing of their own
 *
 * Every request has an id of the caller's; every message of the host names the request that it belongs to. A request ends with
 * its result or with `failed`, exactly once. Contexts are named by UUIDs of the caller's, which mean the same to every host.
 */
import { z } from 'zod';
import { planFileSchema } from '../cache/plan-file.ts';
import type {
  Answered,
  AskEvent,
  Capabilities,
  ContextSpec,
  LoadedModel,
  Measured,
  PreparedContext,
  PrepareEvent,
} from '../engine.ts';
import type { Failure } from '../errors.ts';

export const PROTOCOL_VERSION = 2;

const id = z.number().int().nonnegative();
const count = z.number().int().nonnegative();
const contextId = z.uuid();
const page = z.object({ number: count, text: z.string() });
const turns = z.array(z.object({ question: z.string(), answer: z.string() }));
const sampling = z.object({
  temperature: z.number().min(0),
  topK: count,
  topP: z.number().min(0).max(1),
  repetitionPenalty: z.number().positive(),
  seed: count,
});
const measurable = z.object({
  parts: z.array(z.object({ document: z.string(), pages: z.array(page) })).min(1),
  sinks: count.optional(),
  recent: count.optional(),
  memoryBytes: z.number().positive().optional(),
});
const spec = measurable.extend({ plan: z.string().min(1).max(100) }) satisfies z.ZodType<ContextSpec>;
const question = z.object({
  text: z.string(),
  turns,
  maxTokens: z.number().int().positive(),
  sampling: sampling.partial().optional(),
});

export const requestSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('load'), id, folder: z.string().min(1), explored: planFileSchema.optional() }),
  z.object({ type: z.literal('measure'), id, context: measurable }),
  z.object({ type: z.literal('prepare'), id, contextId, context: spec }),
  z.object({ type: z.literal('ask'), id, contextId, question }),
  z.object({ type: z.literal('release'), id, contextId }),
  z.object({ type: z.enum(['cancel', 'pause', 'resume']), request: id }),
]);

export type Request = z.infer<typeof requestSchema>;
export type RequestOf<Type extends Request['type']> = Extract<Request, { type: Type }>;
/** Those about another request that is under way. */
export type Control = RequestOf<'cancel' | 'pause' | 'resume'>;
export type Work = Exclude<Request, Control>;

/** A prepared context as it crosses the port. */
export type PreparedFacts = Pick<PreparedContext, 'plan' | 'tokens' | 'seconds' | 'memory' | 'scratchBytes'>;

export interface Loaded {
  readonly model: LoadedModel;
  readonly capabilities: Capabilities;
}

/** What each kind of work ends with. */
export interface Outcomes {
  readonly load: Loaded;
  readonly measure: Measured;
  readonly prepare: PreparedFacts;
  readonly ask: Answered;
  readonly release: null;
}

export interface LoadProgress {
  readonly type: 'loading';
  readonly done: number;
  readonly total: number;
}

export type HostEvent = PrepareEvent | AskEvent | LoadProgress;

/** What the host says; `id` is the request's. */
export type Reply =
  | { readonly type: 'done'; readonly id: number; readonly outcome: Outcomes[keyof Outcomes] }
  | { readonly type: 'failed'; readonly id: number; readonly failure: Failure }
  | { readonly type: 'event'; readonly id: number; readonly event: HostEvent };

/** What both sides need of a port: a MessagePort, a worker's scope, or Electron's. */
export interface Port {
  postMessage(message: unknown): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
}
