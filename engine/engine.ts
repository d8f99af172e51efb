/** The engine's face: reads a document into a cache once and answers questions about it. */

import type { KeyValueCache } from './cache/key-value-cache.ts';
import { type CacheParts, type CacheShape, denseBytes, totalBytes } from './cache/memory.ts';
import type { Document, Page } from './documents/document.ts';
import { ProximaError } from './errors.ts';
import { type PageEvidence, type PageTokens, rankPages } from './evidence.ts';
import { type Fit, type FitRequest, planFit, requireFit, scratchBytes, TURN_TOKENS, type Work } from './fit.ts';
import { chunkTokensFor } from './generate/chunk-tokens.ts';
import { type DecodeResult, decode } from './generate/decode.ts';
import { type PrefillProgress, prefill } from './generate/prefill.ts';
import { createSampler, type Sampling } from './generate/sampling.ts';
import type { Turn } from './model/chat-template.ts';
import type { Model } from './model/model.ts';
import { StreamingText } from './model/tokenizer.ts';
import type { Policy, PolicyName } from './policy.ts';
import { wholeSentences } from './sentences.ts';
import { OPENED_THINKING, splitThinking } from './thinking.ts';

/** A document as token ids, with the place of each page. */
export interface TokenisedDocument {
  readonly ids: readonly number[];
  readonly pages: readonly PageTokens[];
}

export interface MemoryUse {
  readonly bytes: number;
  readonly denseBytes: number;
  /** 1 − bytes / denseBytes */
  readonly saving: number;
  readonly parts: CacheParts;
}

export interface AnswerPage {
  readonly page: number;
  readonly share: number;
  /** The text of the passage that got most attention, in whole sentences where it has some. */
  readonly passage: string;
}

export interface Answer {
  readonly question: string;
  /** As the model wrote it; what it thought aloud stands in front (`thinking.ts`). */
  readonly answer: string;
  readonly pages: readonly AnswerPage[];
  readonly stopped: DecodeResult['stopped'];
  readonly seconds: number;
  readonly firstTokenSeconds: number;
  readonly decodeTokensPerSecond: number;
}

export interface AskOptions {
  readonly maxTokens: number;
  readonly sampling: Sampling;
  readonly signal?: AbortSignal | undefined;
  readonly onText?: ((text: string) => void) | undefined;
}

export interface ReadingProgress extends PrefillProgress {
  /** The page that has been reached. */
  readonly page: number;
}

export interface ReadingOptions {
  readonly availableBytes: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ReadingProgress) => void) | undefined;
  /** Called once it is known that the document fits, before the first token is read. */
  readonly onFit?: ((fit: Fit) => void) | undefined;
  /** Called after every chunk with what counts the memory, so that only those who look pay for it. */
  readonly onMemory?: ((memory: () => MemoryUse) => void) | undefined;
  readonly betweenChunks?: (() => Promise<void>) | undefined;
}

/** Answer tokens whose attention is looked at for evidence. */
const EVIDENCE_TOKENS = 48;

export function tokeniseDocument(model: Model, pages: readonly Page[]): TokenisedDocument {
  const ids = [...model.layout.beforeDocument];
  const placed: PageTokens[] = [];
  for (const page of pages) {
    const start = ids.length;
    if (page.text !== '') {
      for (const id of model.tokenizer.encodeText(
        placed.some((each) => each.end > each.start) ? `\n${page.text}` : page.text,
      ))
        ids.push(id);
    }
    placed.push({ page: page.number, start, end: ids.length });
  }
  return { ids, pages: placed };
}

function pageAt(pages: readonly PageTokens[], tokens: number): number {
  return pages.findLast(({ start }) => start < tokens)?.page ?? 0;
}

function fitRequest(model: Model, policy: Policy, tokens: TokenisedDocument, availableBytes: number): FitRequest {
  return {
    work: workOf(model),
    shape: { ...cacheShape(model, policy), expectedTokens: tokens.ids.length + TURN_TOKENS },
    modelName: model.name,
    tokens: tokens.ids.length,
    pages: tokens.pages,
    contextTokens: model.contextTokens,
    availableBytes,
  };
}

function workOf({ decoder }: Model): Work {
  const ratios = decoder.cut.attention.map(({ queryHeads, keyValueHeads }) => queryHeads / keyValueHeads);
  return { queryWidth: decoder.attentionWidth, ratio: Math.max(...ratios) };
}

/** What reading so many tokens takes under a policy, whatever is free. */
export function planOf(
  model: Model,
  policy: Policy,
  tokens: number,
): Pick<Fit, 'cacheBytes' | 'scratchBytes'> & { readonly chunkTokens: number } {
  const pages = [{ page: 1, start: 0, end: tokens }];
  const request = fitRequest(model, policy, { ids: new Array(tokens).fill(0), pages }, Number.POSITIVE_INFINITY);
  const chunkTokens = chunkOf(model, request);
  return { ...planFit(request, chunkTokens), chunkTokens };
}

function chunkOf({ decoder }: Model, { work, availableBytes }: FitRequest): number {
  return chunkTokensFor({
    width: decoder.attentionWidth,
    largestBufferBytes: decoder.largestBufferBytes,
    availableBytes,
    scratchBytes: (tokens) => scratchBytes(work, tokens) - scratchBytes(work, 0),
  });
}

/** Whether pages would fit under each of two policies; nothing is read. */
export function measureDocument(
  model: Model,
  policies: Readonly<Record<PolicyName, Policy>>,
  pages: readonly Page[],
  availableBytes: number,
): Record<PolicyName, Fit> {
  const tokens = tokeniseDocument(model, pages);
  const fitUnder = (policy: Policy) => {
    const request = fitRequest(model, policy, tokens, availableBytes);
    return planFit(request, chunkOf(model, request));
  };
  return { dense: fitUnder(policies.dense), pod: fitUnder(policies.pod) };
}

/** A document in the cache, ready for questions. */
export class Reading {
  readonly model: Model;
  readonly policy: Policy;
  readonly tokens: TokenisedDocument;
  readonly prefillSeconds: number;
  readonly fit: Fit;
  readonly #cache: KeyValueCache;
  readonly #turns: Turn[] = [];

  private constructor(
    model: Model,
    policy: Policy,
    tokens: TokenisedDocument,
    cache: KeyValueCache,
    fit: Fit,
    seconds: number,
  ) {
    this.model = model;
    this.policy = policy;
    this.tokens = tokens;
    this.fit = fit;
    this.prefillSeconds = seconds;
    this.#cache = cache;
  }

  /** Reads the document. Rejects with `document-too-long`, `memory-too-small` or `cancelled`. */
  static async open(
    model: Model,
    policy: Policy,
    document: Pick<Document, 'pages'>,
    options: ReadingOptions,
  ): Promise<Reading> {
    const tokens = tokeniseDocument(model, document.pages);
    const request = fitRequest(model, policy, tokens, options.availableBytes);
    const chunkTokens = chunkOf(model, request);
    const fit = planFit(request, chunkTokens);
    requireFit(fit, request);
    options.onFit?.(fit);
    const cache = model.decoder.createCache(request.shape);
    const seconds = await prefill(model.decoder, cache, tokens.ids, {
      chunkTokens,
      signal: options.signal,
      onProgress: (progress) => {
        options.onProgress?.({ ...progress, page: pageAt(tokens.pages, progress.done) });
        options.onMemory?.(() => memoryUse(cache));
      },
      betweenChunks: options.betweenChunks,
    });
    return new Reading(model, policy, tokens, cache, fit, seconds);
  }

  /**
   * Answers, with the earlier turns in context. Rejects with `question-empty`, `document-too-long` when turns and
   * question leave no room, or `cancelled`; the reading is then as if nothing had been asked.
   */
  async ask(question: string, options: AskOptions): Promise<Answer> {
    if (question.trim() === '') throw new ProximaError('question-empty');
    const prompt = this.model.layout.question(this.#turns, question.trim());
    const maxTokens = this.#room(prompt.length, options.maxTokens);
    this.#cache.rewind();
    try {
      const started = performance.now();
      const result = await this.#decode(prompt, maxTokens, options);
      const answer = (this.#opening + this.model.tokenizer.decode(result.ids)).trim();
      const pages = await this.#evidence(prompt, result.ids);
      this.#turns.push({ question: question.trim(), answer: splitThinking(answer).answer });
      const seconds = (performance.now() - started) / 1000;
      const { stopped, firstTokenSeconds, restSeconds } = result;
      const decodeTokensPerSecond = result.ids.length > 1 ? (result.ids.length - 1) / restSeconds : 0;
      return { question: question.trim(), answer, pages, stopped, seconds, firstTokenSeconds, decodeTokensPerSecond };
    } finally {
      this.#cache.rewind();
    }
  }

  /** What the document takes in memory now, counted in the cache's own pages. */
  memory(): MemoryUse {
    return memoryUse(this.#cache);
  }

  /** Takes turns up that were there before the document was read again. */
  resume(turns: readonly Turn[]): void {
    this.#turns.splice(0, this.#turns.length, ...turns);
  }

  /** Forgets the turns, not the document. */
  newConversation(): void {
    this.#turns.length = 0;
  }

  close(): void {
    this.#cache.clear();
  }

  #room(promptTokens: number, wanted: number): number {
    const most = Math.min(this.model.contextTokens, this.model.decoder.positionsFor(this.#cache.shape));
    const left = most - this.tokens.ids.length - promptTokens;
    if (left > 0) return Math.min(wanted, left);
    throw new ProximaError('conversation-too-long', { tokens: this.tokens.ids.length + promptTokens, room: most });
  }

  /** What of an answer the template has written itself. */
  get #opening(): string {
    return this.model.layout.opensThinking ? OPENED_THINKING : '';
  }

  #decode(prompt: readonly number[], maxTokens: number, options: AskOptions): Promise<DecodeResult> {
    const streaming = new StreamingText(this.model.tokenizer);
    let opening = this.#opening;
    const onToken = (id: number) => {
      const text = opening + streaming.push(id);
      if (text === opening) return;
      opening = '';
      options.onText?.(text);
    };
    return decode(this.model.decoder, this.#cache, prompt, {
      maxTokens,
      stopTokens: this.model.config.stopTokens,
      sampler: createSampler(options.sampling),
      signal: options.signal,
      onToken,
    });
  }

  /** Runs the answer's tokens once more, all in one, and gathers where they look: decoding itself stays lean. */
  async #evidence(prompt: readonly number[], answer: readonly number[]): Promise<AnswerPage[]> {
    const mass = new Float64Array(this.tokens.ids.length);
    this.#cache.rewind(this.tokens.ids.length + prompt.length - 1);
    const ids = [...prompt.slice(-1), ...answer.slice(0, EVIDENCE_TOKENS - 1)];
    await this.model.decoder.forward(ids, this.#cache, { commit: false, want: 'logits', mass: { mass } });
    mass.fill(0, 0, this.model.layout.beforeDocument.length);
    return rankPages(mass, this.tokens.pages).map((evidence) => this.#describe(evidence));
  }

  #describe({ page, share, passage: { start, end, peak } }: PageEvidence): AnswerPage {
    const tokens = this.tokens.pages.find((each) => each.page === page) ?? { start, end };
    const text = (to: number) => this.model.tokenizer.decode(this.tokens.ids.slice(tokens.start, to));
    const whole = text(tokens.end);
    const [from, until] = [text(start).length, text(end).length];
    const quoted = wholeSentences(whole, { start: from, end: until }, text(peak).length);
    return { page, share, passage: whole.slice(quoted.start, quoted.end).trim() };
  }
}

function memoryUse(cache: KeyValueCache): MemoryUse {
  const parts = cache.parts();
  const bytes = totalBytes(parts);
  const dense = denseBytes(cache.shape, cache.length);
  return { bytes, denseBytes: dense, saving: dense === 0 ? 0 : 1 - bytes / dense, parts };
}

export function cacheShape(model: Pick<Model, 'decoder'>, policy: Pick<Policy, 'plan' | 'proximity'>): CacheShape {
  const { attention } = model.decoder.cut;
  return {
    layers: attention.length,
    heads: attention[0]?.keyValueHeads ?? 0,
    headSize: attention[0]?.headSize ?? 0,
    plan: policy.plan,
    proximity: policy.proximity,
    windows: attention.map(({ window }) => window),
  };
}
