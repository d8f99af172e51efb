/**
 * What the engine's host and its caller say to each other over one port. Version 1.
 *
 *     caller → host    load   a model folder                       → loaded
 *                      measure  pages: whether they would fit      → measured
 *                      open   pages, under a policy                → opened; progress and memory while it reads
 *                      ask    a question about a reading           → answered; text as it comes
 *                      forget the turns of a reading               → done
 *                      close  a reading                            → done
 *                      pause, resume  an `open` that is under way  → done
 *                      cancel a request that is under way (answered by that request's own failure, `cancelled`)
 *
 * Requests are served one after the other; but questions about what has been read are answered between two chunks of a document
 * that is being read.
 *
 * Every request has an id of the caller's; every message of the host names the request it belongs to. A request ends with
 * its result or with `failed`, exactly once.
 */
import { z } from 'zod';
import type { PlanCheck } from '../cache/sharing-plan.ts';
import type { Answer, MemoryUse } from '../engine.ts';
import type { Failure } from '../errors.ts';
import type { Fit } from '../fit.ts';

export const PROTOCOL_VERSION = 1;

const id = z.number().int().nonnegative();
const count = z.number().int().nonnegative();
const page = z.object({ number: count, text: z.string() });
const turns = z.array(z.object({ question: z.string(), answer: z.string() }));
const sampling = z.object({
  temperature: z.number().min(0),
  topK: count,
  topP: z.number().min(0).max(1),
  repetitionPenalty: z.number().positive(),
  seed: count,
});

export const requestSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('load'), id, folder: z.string().min(1) }),
  z.object({
    type: z.literal('measure'),
    id,
    pages: z.array(page),
    sinks: count.optional(),
    recent: count.optional(),
    availableBytes: z.number().positive().optional(),
  }),
  z.object({
    type: z.literal('open'),
    id,
    pages: z.array(page),
    policy: z.enum(['dense', 'pod']).optional(),
    sinks: count.optional(),
    recent: count.optional(),
    /** Turns that were there before, when a document is read again. */
    turns: turns.optional(),
    /** Bytes that reading may take; what the runtime finds when left out. */
    availableBytes: z.number().positive().optional(),
  }),
  z.object({
    type: z.literal('ask'),
    id,
    reading: id,
    question: z.string(),
    /** What was asked before, where the caller keeps the conversation; the reading's own turns where left out. */
    turns: turns.optional(),
    maxTokens: z.number().int().positive(),
    /** The model's own where left out. */
    sampling: sampling.partial().optional(),
  }),
  z.object({ type: z.literal('forget'), id, reading: id }),
  z.object({ type: z.literal('close'), id, reading: id }),
  z.object({ type: z.enum(['cancel', 'pause', 'resume']), id, request: id }),
]);

export type Request = z.infer<typeof requestSchema>;
export type RequestOf<Type extends Request['type']> = Extract<Request, { type: Type }>;
/** Those about another request that is under way; they are served at once. */
export type Control = RequestOf<'cancel' | 'pause' | 'resume'>;

export interface LoadedModel {
  readonly name: string;
  readonly runtime: string;
  readonly layers: number;
  readonly contextTokens: number;
  readonly weightBytes: number;
  /** Whether the model brings a sharing plan, and was trained under it. */
  readonly plan: 'none' | 'adapted' | 'not adapted';
  /** What a plan that it was not trained under was measured to cost; null where nobody has measured. */
  readonly check: PlanCheck | null;
}

/** What a document would take, under each policy. */
export interface Measured {
  readonly tokens: number;
  readonly dense: Fit;
  readonly pod: Fit;
}

export interface OpenedReading {
  /** The id of the request that opened it. */
  readonly reading: number;
  readonly tokens: number;
  readonly seconds: number;
  readonly policy: 'dense' | 'pod';
  readonly memory: MemoryUse;
  /** What reading took besides the cache. */
  readonly scratchBytes: number;
}

/** What the host says; `id` is the request's. */
export type Reply =
  | { type: 'loaded'; id: number; model: LoadedModel }
  | { type: 'measured'; id: number; measured: Measured }
  | { type: 'opened'; id: number; opened: OpenedReading }
  | { type: 'answered'; id: number; answer: Answer; memory: MemoryUse }
  | { type: 'done'; id: number }
  | { type: 'failed'; id: number; failure: Failure }
  | {
      type: 'progress';
      id: number;
      what: 'loading' | 'reading';
      done: number;
      total: number;
      seconds: number;
      page?: number;
    }
  | { type: 'fit'; id: number; fit: Fit }
  | { type: 'memory'; id: number; memory: MemoryUse }
  | { type: 'text'; id: number; text: string };

/** What both sides need of a port: a MessagePort, a worker's scope, or Electron's. */
export interface Port {
  postMessage(message: unknown): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
}
