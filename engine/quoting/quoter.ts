/**
 * Answers in the document's own words, for a model that says how (`quoting-file.ts`): the question's words are looked for by attention
 * and by words, the best sentences are read again one by one, and the answer is cut out of the one that tells most.
 */
import type { KeyValueCache } from '../cache/key-value-cache.ts';
import { throwIfCancelled } from '../errors.ts';
import type { PromptLayout } from '../model/chat-template.ts';
import type { Decoder } from '../model/decoder.ts';
import type { Tokenizer } from '../model/tokenizer.ts';
import { sameWords, standsIn } from '../passages/words.ts';
import { type ChosenSpan, LONGEST_SPAN } from './choose-span.ts';
import {
  bestSentences,
  type Candidate,
  choose,
  foundBy,
  highest,
  mayCorrect,
  probabilityRight,
  type QuotingSignals,
  signalsOf,
} from './judge.ts';
import { look } from './look.ts';
import { type QuotingFile, type QuotingIds, quotingIds } from './quoting-file.ts';
import { type Quote, type ReadAgain, Rereader } from './read-again.ts';
import { SentenceWords } from './sentence-words.ts';
import type { SentenceTokens } from './tokenise-sentences.ts';
import { Vocabulary } from './vocabulary.ts';

/** What quoting takes of a loaded model. */
export interface QuotingModel {
  readonly decoder: Decoder;
  readonly tokenizer: Tokenizer;
  readonly layout: PromptLayout;
  readonly quoting: QuotingFile;
}

/** A document in a cache. */
export interface QuotedDocument {
  /** Holds the document, committed, and nothing else. */
  readonly cache: KeyValueCache;
  readonly ids: readonly number[];
  readonly sentences: readonly SentenceTokens[];
  /** Whether the head that finds sees the whole text under the plan; where it does not, words alone find. */
  readonly finderSeesAll: boolean;
}

/** A sentence that was read again. */
export interface Considered extends Candidate, ReadAgain {}

export interface Quoted {
  /** The answer, cut out of the document; '' where the sentence has none. */
  readonly text: string;
  readonly sentence: SentenceTokens;
  readonly span: ChosenSpan;
  readonly signals: QuotingSignals;
  /** How likely it is right, 0–1; null where that was never fitted. */
  readonly confidence: number | null;
  /** What was read again, as the finding ordered it. */
  readonly considered: readonly Considered[];
  /** By attention, the best sentences of the document, best first; none where only words found. */
  readonly byAttention: readonly SentenceTokens[];
}

/** An answer as it was cut out of a sentence. */
interface Cut {
  readonly chosen: Considered;
  readonly span: ChosenSpan;
  readonly text: string;
}

export class Quoter {
  readonly #model: QuotingModel;
  readonly #document: QuotedDocument;
  readonly #vocabulary: Vocabulary;
  readonly #ids: QuotingIds;
  /** Tokens of the longest sentence. */
  readonly #longest: number;
  /** Made when it is first needed. */
  #words: SentenceWords | undefined;

  constructor(model: QuotingModel, document: QuotedDocument) {
    this.#model = model;
    this.#document = document;
    this.#vocabulary = new Vocabulary(model.tokenizer, model.quoting);
    this.#ids = quotingIds(model.quoting, model.tokenizer);
    this.#longest = document.sentences.reduce((most, { start, end }) => Math.max(most, end - start), 0);
  }

  /** How the model quotes. */
  get file(): QuotingFile {
    return this.#model.quoting;
  }

  /** Tokens that asking puts behind the document, at most. */
  mostTokens(question: string): number {
    return this.#model.layout.question([], question).length + this.#longest + LONGEST_SPAN;
  }

  /** Undefined for a document without sentences. The cache is afterwards as it was. Rejects with `cancelled`. */
  async ask(question: string, signal: AbortSignal | undefined): Promise<Quoted | undefined> {
    const { cache, sentences } = this.#document;
    const { decoder, layout, quoting } = this.#model;
    cache.rewind();
    try {
      const attention = await this.#look(layout.question([], question));
      const words = this.#wordScores(question);
      const rereader = new Rereader(decoder, cache, quoting, this.#ids);
      const considered: Considered[] = [];
      for (const sentence of bestSentences(attention, words, quoting.candidates)) {
        throwIfCancelled(signal);
        const read = await rereader.read(this.#quoteOf(sentence));
        considered.push({ sentence, found: foundBy(attention, words, sentence), ...read });
      }
      const chosen = choose(considered, quoting.findingWeight);
      if (!chosen) return undefined;
      throwIfCancelled(signal);
      const cut = await this.#corrected(await this.#cut(rereader, chosen), considered, rereader);
      const best = attention ? highest(attention, quoting.candidates.attention) : [];
      const byAttention = best.flatMap((index) => sentences[index] ?? []);
      return this.#quoted(cut, considered, byAttention);
    } finally {
      cache.rewind();
    }
  }

  /** Reads the question; undefined where attention can't find. */
  async #look(prompt: readonly number[]): Promise<Float64Array | undefined> {
    const { cache, sentences, finderSeesAll } = this.#document;
    const { decoder, quoting } = this.#model;
    const rows = [...prompt.keys()].filter((row) => this.#vocabulary.isTelling(prompt[row] ?? 0));
    const attention = await look(decoder, cache, prompt, rows, sentences, quoting);
    return finderSeesAll ? attention : undefined;
  }

  #wordScores(question: string): Float64Array {
    const { sentences } = this.#document;
    this.#words ??= new SentenceWords(
      sentences.map(({ text }) => text),
      new Set(this.#model.quoting.functionWords),
    );
    return this.#words.scores(question);
  }

  #quoteOf(sentence: number): Quote {
    const { start = 0, end = 0 } = this.#document.sentences[sentence] ?? {};
    const ids = this.#document.ids.slice(start, end);
    return { ids, opens: ids.map((id, place) => place === 0 || this.#vocabulary.opensWord(id)) };
  }

  async #cut(rereader: Rereader, chosen: Considered): Promise<Cut> {
    const span = await rereader.choose(chosen);
    return { chosen, span, text: this.#model.tokenizer.decode(chosen.signs.ids.slice(span.start, span.end)).trim() };
  }

  /** A later sentence that holds the answer and gives another takes it back. */
  async #corrected(cut: Cut, considered: readonly Considered[], rereader: Rereader): Promise<Cut> {
    const sentences = this.#document.sentences;
    const later = considered.filter((each) => mayCorrect(each, cut.chosen)).sort((a, b) => a.sentence - b.sentence);
    for (const each of later) {
      if (!standsIn(cut.text, sentences[each.sentence]?.text ?? '')) continue;
      const other = await this.#cut(rereader, each);
      if (!sameWords(other.text, cut.text)) return other;
    }
    return cut;
  }

  #quoted(
    { chosen, span, text }: Cut,
    considered: readonly Considered[],
    byAttention: readonly SentenceTokens[],
  ): Quoted {
    const sentence = this.#document.sentences[chosen.sentence];
    if (!sentence) throw new RangeError(`no sentence ${chosen.sentence}`);
    const signals = signalsOf(chosen, span.chance);
    const { confidence } = this.#model.quoting;
    return {
      text,
      sentence,
      span,
      signals,
      confidence: confidence ? probabilityRight(confidence, signals) : null,
      considered,
      byAttention,
    };
  }
}
