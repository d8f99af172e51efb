/** Reads a document into a cache once and answers questions about it. */
import type { KeyValueCache } from '../cache/key-value-cache.ts';
import { type CacheShape, denseBytes, totalBytes } from '../cache/memory.ts';
import type { Document, Page } from '../documents/document.ts';
import type {
  Answer,
  AnswerPage,
  ClosestPassage,
  Measured,
  MemoryUse,
  PlanId,
  Question,
  ReadingProgress,
} from '../engine.ts';
import { ProximaError, throwIfCancelled } from '../errors.ts';
import { type PageEvidence, rankPages } from '../evidence.ts';
import { type Fit, type FitRequest, planFit, requireFit, scratchBytes, TURN_TOKENS, type Work } from '../fit.ts';
import { chunkTokensFor } from '../generate/chunk-tokens.ts';
import { type DecodeResult, decode } from '../generate/decode.ts';
import { createSampler, type Sampling } from '../generate/sampling.ts';
import type { Model } from '../model/model.ts';
import { StreamingText } from '../model/tokenizer.ts';
import { closestPassages } from '../passages/closest-passages.ts';
import { type AnswerSignals, probabilityRight, SURE_ENOUGH } from '../passages/confidence.ts';
import { WordSearch } from '../passages/word-search.ts';
import { sharedWords, standsIn } from '../passages/words.ts';
import type { Policy } from '../policy.ts';
import { type Quoted, Quoter } from '../quoting/quoter.ts';
import { isRefusal } from '../refusal.ts';
import { wholeSentences } from '../sentences.ts';
import { splitThinking } from '../thinking.ts';
import { quotedAnswer } from './quoted-answer.ts';
import type { OpenReading } from './reader.ts';
import { answersByQuoting, pageAt, type TokenisedDocument, tokeniseDocument } from './tokenise-document.ts';

export interface AskOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onText?: ((text: string) => void) | undefined;
  /** What a calibration is fitted on. */
  readonly onSignals?: ((signals: AnswerSignals) => void) | undefined;
  /** What a model that quotes found, before it is refused or shown. */
  readonly onQuoted?: ((quoted: Quoted) => void) | undefined;
}

export interface ReadingOptions {
  readonly availableBytes: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ReadingProgress) => void) | undefined;
}

/** Answer tokens whose attention is looked at for evidence. */
const EVIDENCE_TOKENS = 48;

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
  const document = { ids: new Array(tokens).fill(0), pages, sentences: [] };
  const request = fitRequest(model, policy, document, Number.POSITIVE_INFINITY);
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

/** Whether pages would fit under some policies; nothing is read. */
export function measurePages(
  model: Model,
  policies: readonly Policy[],
  pages: readonly Page[],
  availableBytes: number,
): Measured {
  const tokens = tokeniseDocument(model, pages);
  const fits = policies.map((policy) => {
    const request = fitRequest(model, policy, tokens, availableBytes);
    return { plan: policy.name, fit: planFit(request, chunkOf(model, request)) };
  });
  return { tokens: tokens.ids.length, fits };
}

/** A document that is read chunk by chunk into a cache, and answered about once it is there whole. */
export class Reading implements OpenReading {
  readonly model: Model;
  readonly policy: Policy;
  readonly tokens: TokenisedDocument;
  readonly fit: Fit;
  readonly #cache: KeyValueCache;
  readonly #pages: readonly Page[];
  /** Made when it is first needed. */
  #words: WordSearch | undefined;
  readonly #quoter: Quoter | undefined;
  readonly #chunkTokens: number;
  #read = 0;
  #milliseconds = 0;

  private constructor(model: Model, policy: Policy, pages: readonly Page[], availableBytes: number) {
    const tokens = tokeniseDocument(model, pages);
    const request = fitRequest(model, policy, tokens, availableBytes);
    this.model = model;
    this.#pages = pages;
    this.policy = policy;
    this.tokens = tokens;
    this.#chunkTokens = chunkOf(model, request);
    this.fit = planFit(request, this.#chunkTokens);
    requireFit(this.fit, request);
    this.#cache = model.decoder.createCache(request.shape);
    this.#quoter = this.#createQuoter();
  }

  /** Plans the memory; nothing is read yet. Throws `document-too-long` or `memory-too-small`. */
  static begin(model: Model, policy: Policy, { pages }: Pick<Document, 'pages'>, availableBytes: number): Reading {
    return new Reading(model, policy, pages, availableBytes);
  }

  /** Reads the whole document. Rejects with `document-too-long`, `memory-too-small` or `cancelled`; it holds nothing then. */
  static async open(
    model: Model,
    policy: Policy,
    document: Pick<Document, 'pages'>,
    options: ReadingOptions,
  ): Promise<Reading> {
    const reading = Reading.begin(model, policy, document, options.availableBytes);
    try {
      while (!reading.whole) {
        throwIfCancelled(options.signal);
        await reading.readChunk();
        options.onProgress?.(reading.progress);
      }
      return reading;
    } catch (cause) {
      reading.close();
      throw cause;
    }
  }

  get plan(): PlanId {
    return this.policy.name;
  }

  get tokenCount(): number {
    return this.tokens.ids.length;
  }

  get whole(): boolean {
    return this.#read === this.tokens.ids.length;
  }

  get progress(): ReadingProgress {
    const done = this.#read;
    return { done, total: this.tokens.ids.length, seconds: this.prefillSeconds, page: pageAt(this.tokens.pages, done) };
  }

  get prefillSeconds(): number {
    return this.#milliseconds / 1000;
  }

  /** The next chunk, committed. */
  async readChunk(): Promise<void> {
    const started = performance.now();
    const chunk = this.tokens.ids.slice(this.#read, this.#read + this.#chunkTokens);
    await this.model.decoder.forward(chunk, this.#cache, { commit: true, want: 'nothing' });
    this.#read += chunk.length;
    this.#milliseconds += performance.now() - started;
  }

  /**
   * Answers, with the earlier turns in context. Rejects with `question-empty`, `conversation-too-long` when turns and
   * question leave no room, or `cancelled`; the reading is then as if nothing had been asked.
   */
  async ask(asked: Question, options: AskOptions = {}): Promise<Answer> {
    const question = asked.text.trim();
    if (question === '') throw new ProximaError('question-empty');
    if (this.#quoter) return this.#quote(this.#quoter, question, options);
    const prompt = this.model.layout.question(asked.turns, question);
    const maxTokens = this.#room(prompt.length, asked.maxTokens);
    this.#cache.rewind();
    try {
      const started = performance.now();
      const result = await this.#decode(prompt, maxTokens, this.#sampling(asked), options);
      const answer = (this.model.layout.opening + this.model.tokenizer.decode(result.ids)).trim();
      const explained = await this.#explain(question, prompt, answer, result, options);
      const seconds = (performance.now() - started) / 1000;
      const { stopped, firstTokenSeconds, restSeconds } = result;
      const decodeTokensPerSecond = result.ids.length > 1 ? (result.ids.length - 1) / restSeconds : 0;
      return { question, answer, ...explained, stopped, seconds, firstTokenSeconds, decodeTokensPerSecond };
    } finally {
      this.#cache.rewind();
    }
  }

  #createQuoter(): Quoter | undefined {
    const { quoting } = this.model;
    if (!quoting || !answersByQuoting(this.model)) return undefined;
    const { layer, keyValueHead } = quoting.finder;
    const finderSeesAll = this.policy.plan.units[layer]?.[keyValueHead]?.role !== 'stream';
    const { ids, sentences } = this.tokens;
    return new Quoter({ ...this.model, quoting }, { cache: this.#cache, ids, sentences, finderSeesAll });
  }

  /** Every question is read by itself: nothing that was answered stands between it and the document. */
  async #quote(quoter: Quoter, question: string, { signal, onText, onQuoted }: AskOptions): Promise<Answer> {
    this.#room(quoter.mostTokens(question), 1);
    const started = performance.now();
    const quoted = await quoter.ask(question, signal);
    if (quoted) onQuoted?.(quoted);
    const closest = (byAttention: readonly AnswerPage[]) => this.#closest(question, byAttention);
    const answer = quotedAnswer(quoted, { quoting: quoter.file, pages: this.tokens.pages, closest });
    onText?.(answer.answer);
    const seconds = (performance.now() - started) / 1000;
    return {
      question,
      ...answer,
      stopped: 'stop-token',
      seconds,
      firstTokenSeconds: seconds,
      decodeTokensPerSecond: 0,
    };
  }

  /** Where the answer comes from, how likely it is right, and what else comes close where it may not be. */
  async #explain(
    question: string,
    prompt: readonly number[],
    answer: string,
    { ids, logProbabilities }: DecodeResult,
    { onSignals }: AskOptions,
  ): Promise<Pick<Answer, 'pages' | 'confidence' | 'closest'>> {
    const { calibration } = this.model;
    const evidence = await this.#evidence(prompt, ids);
    const pages = evidence.map((each) => this.#describe(each));
    const said = splitThinking(answer).answer;
    const signals = signalsOf(question, said, logProbabilities, { evidence, pages }, this.#pages);
    onSignals?.(signals);
    const confidence = calibration ? probabilityRight(calibration, signals) : null;
    const isUnsure = isRefusal(said) || (confidence !== null && confidence < SURE_ENOUGH);
    return { pages, confidence, closest: isUnsure ? this.#closest(question, pages) : [] };
  }

  /** What the document takes in memory now, counted in the cache's own pages. */
  memory(): MemoryUse {
    return memoryUse(this.#cache);
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

  /** The model's own where the question doesn't say. */
  #sampling({ sampling }: Question): Sampling {
    const given = Object.fromEntries(Object.entries(sampling ?? {}).filter(([, value]) => value !== undefined));
    return { ...this.model.config.sampling, ...given };
  }

  #decode(
    prompt: readonly number[],
    maxTokens: number,
    sampling: Sampling,
    options: AskOptions,
  ): Promise<DecodeResult> {
    const streaming = new StreamingText(this.model.tokenizer);
    let { opening } = this.model.layout;
    const tell = (text: string) => {
      if (text !== '') options.onText?.(opening + text);
      if (text !== '') opening = '';
    };
    return decode(this.model.decoder, this.#cache, prompt, {
      maxTokens,
      stopTokens: this.model.config.stopTokens,
      sampler: createSampler(sampling),
      signal: options.signal,
      onToken: (id) => tell(streaming.push(id)),
    });
  }

  /** Runs the answer's tokens once more, all in one, and gathers where they look: decoding itself stays lean. */
  async #evidence(prompt: readonly number[], answer: readonly number[]): Promise<PageEvidence[]> {
    const mass = new Float64Array(this.tokens.ids.length);
    this.#cache.rewind(this.tokens.ids.length + prompt.length - 1);
    const ids = [...prompt.slice(-1), ...answer.slice(0, EVIDENCE_TOKENS - 1)];
    await this.model.decoder.forward(ids, this.#cache, { commit: false, want: 'logits', mass: { mass } });
    mass.fill(0, 0, this.model.layout.beforeDocument.length);
    return rankPages(mass, this.tokens.pages);
  }

  #closest(question: string, byAttention: readonly AnswerPage[]): ClosestPassage[] {
    this.#words ??= new WordSearch(this.#pages);
    return closestPassages(this.#words.find(question, byAttention.length + 1), byAttention);
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

/** Evidence, and the same as it is shown. */
interface Found {
  readonly evidence: readonly PageEvidence[];
  readonly pages: readonly AnswerPage[];
}

function signalsOf(
  question: string,
  said: string,
  logProbabilities: readonly number[],
  { evidence, pages }: Found,
  document: readonly Page[],
): AnswerSignals {
  return {
    meanLogProbability: logProbabilities.reduce((sum, each) => sum + each, 0) / Math.max(1, logProbabilities.length),
    leastLogProbability: Math.min(0, ...logProbabilities),
    quoted: document.some(({ text }) => standsIn(said, text)) ? 1 : 0,
    focus: evidence[0]?.focus ?? 0,
    overlap: sharedWords(question, pages[0]?.passage ?? ''),
  };
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
