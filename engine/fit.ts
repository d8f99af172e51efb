/** Says before reading whether a document fits: the model's context, and the machine's memory. */
import { type CacheShape, denseBytes, plannedParts, totalBytes } from './cache/memory.ts';
import { ProximaError } from './errors.ts';
import type { PageTokens } from './evidence.ts';

/** Tokens kept free for the question and its answer. */
export const TURN_TOKENS = 1024;

export interface FitRequest {
  readonly shape: CacheShape;
  readonly work: Work;
  readonly modelName: string;
  /** Document and template. */
  readonly tokens: number;
  readonly pages: readonly PageTokens[];
  readonly contextTokens: number;
  readonly availableBytes: number;
}

export interface Fit {
  readonly tokens: number;
  readonly contextTokens: number;
  /** Bytes of the cache after reading, under the chosen plan and dense; and of what reading needs besides. */
  readonly cacheBytes: number;
  readonly denseBytes: number;
  readonly scratchBytes: number;
  readonly availableBytes: number;
  /** The last page up to which the document fits, 0 when not even the first does. */
  readonly lastPageThatFits: number;
  readonly limit: 'none' | 'context' | 'memory';
}

/** What decides how much room reading needs beside the cache. */
export interface Work {
  /** Elements a token of the widest layer's queries. */
  readonly queryWidth: number;
  /** Query heads a KV head. */
  readonly ratio: number;
}

/** Measured (`npm run bench -- --memory`): what any reading takes, a query head's scores, and an element of a token's queries. */
const READING_BYTES = 50 << 20;
const SCORES_BYTES = 45 << 20;
const ACTIVATION_BYTES = 230;

/** Activations of one chunk, and the attention scores of one block of rows for the query heads of a KV head. */
export function scratchBytes({ queryWidth, ratio }: Work, chunkTokens: number): number {
  return READING_BYTES + ratio * SCORES_BYTES + chunkTokens * queryWidth * ACTIVATION_BYTES;
}

export function planFit(request: FitRequest, chunkTokens: number): Fit {
  const { shape, tokens, contextTokens, availableBytes } = request;
  const scratch = scratchBytes(request.work, chunkTokens);
  const bytesAt = (count: number) => totalBytes(plannedParts(shape, count + TURN_TOKENS)) + scratch;
  const fits = (count: number) => count + TURN_TOKENS <= contextTokens && bytesAt(count) <= availableBytes;
  const limit = fits(tokens) ? 'none' : tokens + TURN_TOKENS > contextTokens ? 'context' : 'memory';
  return {
    tokens,
    contextTokens,
    cacheBytes: totalBytes(plannedParts(shape, tokens)),
    denseBytes: denseBytes(shape, tokens),
    scratchBytes: scratch,
    availableBytes,
    lastPageThatFits: request.pages.findLast((page) => fits(page.end))?.page ?? 0,
    limit,
  };
}

/** Throws `document-too-long` or `memory-too-small`, with the numbers and the ways out. */
export function requireFit(fit: Fit, request: FitRequest): void {
  if (fit.limit === 'none') return;
  const first = request.pages[0]?.page ?? 1;
  const last = fit.lastPageThatFits;
  const range = last >= first ? { first, last } : null;
  if (fit.limit === 'context') {
    throw new ProximaError('document-too-long', {
      tokens: fit.tokens,
      pages: request.pages.length,
      model: request.modelName,
      room: fit.contextTokens - TURN_TOKENS,
      range,
    });
  }
  throw new ProximaError('memory-too-small', {
    tokens: fit.tokens,
    neededBytes: fit.cacheBytes + fit.scratchBytes,
    denseBytes: fit.denseBytes + fit.scratchBytes,
    availableBytes: fit.availableBytes,
    range,
  });
}
