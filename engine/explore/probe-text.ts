/** A reader's document as a text to measure plans on: needles planted, questions and answers as the model's template has them. */
import { ProximaError } from '../errors.ts';
import type { Model } from '../model/model.ts';
import { NEEDLES, plant } from './needles.ts';

export interface ProbeQuestion {
  /** Ids behind the text, up to where the answer begins. */
  readonly prompt: readonly number[];
  readonly answer: readonly number[];
}

export interface ProbeText {
  readonly ids: readonly number[];
  readonly questions: readonly ProbeQuestion[];
}

/** Tokens of a text that are measured on; fewer leave no distant tokens. */
export const LONGEST_TEXT = 2048;
export const SHORTEST_TEXT = 768;
/** Letters a token, generously: so much text is tokenised to get enough. */
const MOST_LETTERS = 8;

/** Throws `document-too-short` where a text leaves no distant tokens. */
export function createProbeText(model: Model, text: string, name: string): ProbeText {
  const planted = plant(firstPart(model, text), NEEDLES);
  const ids = [...model.layout.beforeDocument, ...model.tokenizer.encodeText(planted)];
  if (ids.length < SHORTEST_TEXT) {
    throw new ProximaError('document-too-short', { name, tokens: ids.length, needed: SHORTEST_TEXT });
  }
  return { ids, questions: NEEDLES.map(({ question, answer }) => asQuestion(model, question, answer)) };
}

/** As much of the text as is measured on, up to a whole word. */
function firstPart({ tokenizer }: Model, text: string): string {
  const start = text.replace(/\s+/g, ' ').slice(0, LONGEST_TEXT * MOST_LETTERS);
  const ids = tokenizer.encodeText(start);
  if (ids.length <= LONGEST_TEXT) return start;
  return tokenizer.decode(ids.slice(0, LONGEST_TEXT)).replace(/\S+$/, '');
}

/** The answer's ids stand where the template puts an answer: between this question and whatever follows it. */
function asQuestion({ layout, tokenizer, config }: Model, question: string, answer: string): ProbeQuestion {
  const prompt = layout.question([], question);
  const answered = layout.question([{ question, answer }], question).slice(prompt.length);
  const stop = answered.findIndex((id) => config.stopTokens.has(id));
  const own = stop > 0 ? answered.slice(0, stop) : [];
  return { prompt, answer: tokenizer.decode(own).trim() === answer ? own : tokenizer.encodeText(answer) };
}
