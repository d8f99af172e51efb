/**
 * A conversation about a document in a model's own chat template, as pieces of template with the texts between them. The template sees
 * marks in place of the texts: a document can't pull its levers ("/no_think"), and every text is found again or the template is refused.
 * The document comes first and unchanged, because it is read once and before any question: as system message where the template carries
 * it so, else in front of the first question.
 */
import { firstLineOf, ProximaError } from '../errors.ts';
import { openedThinking, splitThinking } from '../thinking.ts';
import type { TemplateFault } from '../unsupported.ts';
import { compileTemplate, type TemplateValues } from './template-engine.ts';

export interface Turn {
  readonly question: string;
  readonly answer: string;
}

export interface PromptPieces {
  /** Template in front of the document. */
  readonly before: string;
  /** What follows the document: template and texts in turn, template first and last. */
  readonly after: readonly string[];
}

interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

type Place = 'system' | 'user';

// Private-use characters: no template has them.
const MARK = /\uE000(\w+)\uE001/;
const markOf = (label: string | number) => `\uE000${label}\uE001`;
const DOCUMENT = 'D';
/** What a template does with so many turns it does with more; if not, that is seen when it is asked. */
const TRIED_TURNS = 4;
const TURN: Turn = { question: 'Question?', answer: 'Answer.' };

export class ConversationTemplate {
  readonly #render: (messages: readonly Message[]) => string;
  readonly #place: Place;
  readonly #before: string;
  /** What the template has written of a block of thinking that answers begin within; '' where they don't. */
  readonly opening: string;

  /** Throws `model-unsupported` where the template can't be rendered, or leaves out or changes what is said. */
  constructor(source: string, values: TemplateValues, now: Date = new Date()) {
    const render = compiled(source, now);
    // Templates tell "no tools" from "not known" (transformers gives null).
    const fixed = { add_generation_prompt: true, tools: null, documents: null, ...values };
    this.#render = (messages) => render({ messages, ...fixed });
    this.#place = this.#carriesFrom('system') ? 'system' : 'user';
    if (this.#place === 'user') this.#tryAll('user');
    const { before, after } = this.#rendered(this.#place, [], TURN.question);
    this.#before = before;
    this.opening = openedThinking(after.at(-1) ?? '');
  }

  /** Text in front of the document. */
  get before(): string {
    return this.#before;
  }

  /** Throws `model-unsupported` where the template does not carry so many turns. */
  pieces(turns: readonly Turn[], question: string): PromptPieces {
    const pieces = this.#rendered(this.#place, turns, question);
    if (pieces.before === this.#before) return pieces;
    throw refusal('incomplete', 'what stands in front of the document changes with the questions');
  }

  #carriesFrom(place: Place): boolean {
    try {
      this.#tryAll(place);
      return true;
    } catch (cause) {
      if (cause instanceof ProximaError) return false;
      throw cause;
    }
  }

  #tryAll(place: Place): void {
    const { before } = this.#rendered(place, [], TURN.question);
    for (let turns = 1; turns <= TRIED_TURNS; turns++) {
      const pieces = this.#rendered(place, new Array<Turn>(turns).fill(TURN), TURN.question);
      if (pieces.before !== before) throw refusal('incomplete', 'the document moves with the questions');
    }
  }

  #rendered(place: Place, turns: readonly Turn[], question: string): PromptPieces {
    const texts = [...turns.flatMap((turn) => [turn.question, splitThinking(turn.answer).answer]), question];
    const spoken = texts.map((text, index): Message => {
      return { role: index % 2 === 0 ? 'user' : 'assistant', content: marked(text, index) };
    });
    const [first, ...rest] = spoken as [Message, ...Message[]];
    const document = markOf(DOCUMENT);
    const messages: Message[] =
      place === 'system'
        ? [{ role: 'system', content: document }, ...spoken]
        : [{ role: 'user', content: `${document}\n\n${first.content}` }, ...rest];
    return taken(this.#renderedText(messages), texts);
  }

  #renderedText(messages: readonly Message[]): string {
    try {
      return this.#render(messages);
    } catch (cause) {
      throw refusal('unreadable', firstLineOf(cause));
    }
  }
}

function compiled(source: string, now: Date): (values: TemplateValues) => string {
  try {
    return compileTemplate(source, now);
  } catch (cause) {
    throw refusal('malformed', firstLineOf(cause));
  }
}

/** A mark in a text's place, with the space around the text: some templates cut it off. */
function marked(text: string, label: number): string {
  const core = text.trim();
  const start = core === '' ? text.length : text.indexOf(core);
  return text.slice(0, start) + markOf(label) + text.slice(start + core.length);
}

/** The pieces of template between the marks. Throws `model-unsupported` where a mark is missing, twice there, or out of its order. */
function taken(rendered: string, texts: readonly string[]): PromptPieces {
  const parts = rendered.split(MARK);
  const labels = parts.filter((_, index) => index % 2 === 1);
  const wanted = [DOCUMENT, ...texts.keys()].join();
  if (labels.join() !== wanted) {
    throw refusal('incomplete', 'a part of the conversation is left out, repeated or moved');
  }
  const [before = '', ...template] = parts.filter((_, index) => index % 2 === 0);
  const after = template.flatMap((piece, index) => [
    piece,
    ...(texts[index] === undefined ? [] : [texts[index].trim()]),
  ]);
  return { before, after };
}

function refusal(fault: TemplateFault, reason: string): ProximaError {
  return new ProximaError('model-unsupported', { feature: 'chat template', fault, reason });
}
