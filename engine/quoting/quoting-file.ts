/**
 * `quoting.json`: a model that answers in the document's own words, and how. Its attention finds sentences; each is read again behind
 * the question; heads point at where an answer starts and ends there. Written by `build/model/quoting/export.py`.
 */
import { z } from 'zod';
import { ProximaError } from '../errors.ts';
import type { CutModel } from '../model/cut.ts';
import type { Tokenizer } from '../model/tokenizer.ts';

export const QUOTING_FILE = 'quoting.json';

const place = z.number().int().min(0).max(1024);
const few = z.number().int().min(1).max(16);
const weight = z.number().min(-1000).max(1000);
const token = z.string().min(1).max(100);
const unit = { layer: place, keyValueHead: place };
/** Query heads by their number among those that share the KV head. */
const pointer = z.strictObject({ ...unit, queryHead: place });

const confidenceSchema = z.strictObject({
  /** What it was fitted on. */
  fitted: z.string().max(1000),
  bias: weight,
  weights: z.strictObject({ taken: weight, found: weight, pointed: weight }),
  /** Less likely answers are not given: the document is said not to tell. */
  refuseBelow: z.number().min(0).max(1),
});

const quotingSchema = z.strictObject({
  version: z.literal(1),
  /** Sentences that go by attention, and by words, into the choice. */
  candidates: z.strictObject({ attention: few, words: few }),
  /** Whose attention, from the telling words of a question, lies on the same words of the document. */
  finder: z.strictObject(unit),
  start: pointer,
  end: pointer,
  tokens: z.strictObject({
    /** Stands between a sentence and what it says. */
    so: token,
    /** Ends what it says. */
    end: token,
  }),
  /** What is said where the document does not tell, in the words that the model was trained with; on the screen as well. */
  refusal: z.string().regex(/^\P{C}{1,200}$/u),
  /** Words that say nothing of what a question is about, in lower case. */
  functionWords: z.array(z.string().min(1).max(40)).max(2000),
  /** How much finding weighs in the choice of the sentence beside what reading it again says. */
  findingWeight: z.number().min(0).max(10),
  /** How likely an answer is right; without it none is refused and none has a figure. */
  confidence: confidenceSchema.optional(),
});

export type QuotingFile = z.infer<typeof quotingSchema>;
export type QuotingConfidence = z.infer<typeof confidenceSchema>;

/** What a model's attention has, all layers alike. */
export interface QuotingHeads {
  readonly layers: number;
  readonly keyValueHeads: number;
  /** Query heads a KV head. */
  readonly ratio: number;
}

/** Throws `model-damaged`. */
export function parseQuotingFile(text: string): QuotingFile {
  try {
    return quotingSchema.parse(JSON.parse(text));
  } catch (cause) {
    const [issue] = cause instanceof z.ZodError ? cause.issues : [];
    refuse(issue ? `${issue.path.join('.') || 'it'} is not what version 1 has there` : 'it is no JSON');
  }
}

export function headsOf({ attention }: Pick<CutModel, 'attention'>): QuotingHeads {
  const { queryHeads = 0, keyValueHeads = 1 } = attention[0] ?? {};
  return { layers: attention.length, keyValueHeads, ratio: queryHeads / keyValueHeads };
}

/** Ids of what stands between and behind, and of the refusal. */
export interface QuotingIds {
  readonly so: number;
  readonly end: number;
  /** Two or more. */
  readonly refusal: readonly number[];
}

/** Throws `model-damaged` where the tokenizer does not have what the file names. */
export function quotingIds(
  { tokens, refusal }: Pick<QuotingFile, 'tokens' | 'refusal'>,
  tokenizer: Pick<Tokenizer, 'tokenId' | 'encodeText'>,
): QuotingIds {
  const idOf = (token: string) => tokenizer.tokenId(token) ?? refuse('it names a token that the tokenizer has not');
  // A space in front: an answer follows a token that ends none.
  const words = tokenizer.encodeText(` ${refusal}`);
  if (words.length < 2) refuse('its refusal is too short');
  return { so: idOf(tokens.so), end: idOf(tokens.end), refusal: words };
}

/** Throws `model-damaged` where the file names heads that the model does not have. */
export function checkHeads({ finder, start, end }: QuotingFile, heads: QuotingHeads): void {
  for (const { layer, keyValueHead } of [finder, start, end])
    if (layer >= heads.layers || keyValueHead >= heads.keyValueHeads) refuse('it names a head that the model has not');
  for (const { queryHead } of [start, end])
    if (queryHead >= heads.ratio) refuse('it names a query head that the model has not');
}

function refuse(reason: string): never {
  throw new ProximaError('model-damaged', { part: QUOTING_FILE, reason });
}
