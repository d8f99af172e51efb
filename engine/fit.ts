/** Says before reading whether a document fits: the model's context, and the machine's memory. */
import { type CacheShape, denseBytes, plannedParts, totalBytes } from './cache/memory.ts';
import { ProximaError } from './errors.ts';
import type { PageTokens } from './evidence.ts';

/** Tokens kept free for the question and its answer. */
export const TURN_TOKENS = 1024;

export interface FitRequest {
  readonly shape: CacheShape;
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

/** Activations of one chunk and the attention scores of one block of rows, generously; f32. */
export function scratchBytes(shape: CacheShape, chunkTokens: number): number {
  const width = shape.heads * shape.headSize;
  return chunkTokens * width * 4 * 256 + (64 << 20);
}

export function planFit(request: FitRequest, chunkTokens: number): Fit {
  const { shape, tokens, contextTokens, availableBytes } = request;
  const scratch = scratchBytes(shape, chunkTokens);
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
  const range = last >= first ? `read a part with --pages ${first}-${last}, or ` : '';
  if (fit.limit === 'context') {
    throw new ProximaError(
      'document-too-long',
      `The document has ${count(fit.tokens)} tokens on ${request.pages.length} pages; ${request.modelName} has room for ${count(fit.contextTokens - TURN_TOKENS)} beside a question.`,
      `To go on, ${range}choose a model with a longer context (--model).`,
      { ...fit },
    );
  }
  throw new ProximaError(
    'memory-too-small',
    `Reading ${count(fit.tokens)} tokens takes ${mebibytes(fit.cacheBytes + fit.scratchBytes)} and ${mebibytes(fit.availableBytes)} are free (a dense cache would take ${mebibytes(fit.denseBytes + fit.scratchBytes)}).`,
    `To go on, ${range}close other programs, or choose a smaller model (--model).`,
    { ...fit },
  );
}

/** A whole number with its thousands apart. */
export function count(value: number): string {
  return value.toLocaleString('en');
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
