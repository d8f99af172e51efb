/**
 * Lays a conversation about a document out in the model's own chat template: the document in the system message, or in
 * front of the first question where the template knows no system role.
 */
import { Template } from '@huggingface/jinja';
import { z } from 'zod';
import { ProximaError } from '../errors.ts';
import { type ModelFolder, readText } from './source.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface Turn {
  readonly question: string;
  readonly answer: string;
}

/** Token ids before the document and between it and the first question's end of template. */
export interface PromptLayout {
  readonly beforeDocument: readonly number[];
  /** The token that the tokenizer's configuration ends a text with. */
  readonly endOfText: number | undefined;
  /** What follows the document for a question after these turns, up to where the answer starts. */
  question(turns: readonly Turn[], question: string): number[];
}

// Private-use characters: no template contains them, and they are replaced before anything is tokenised.
const DOCUMENT_MARK = '\uE000D\uE001';
const TEXT_MARK = '\uE000T\uE001';

const tokenText = z.union([z.string(), z.object({ content: z.string() })]).nullish();
const tokenizerConfigSchema = z.looseObject({
  chat_template: z.union([z.string(), z.array(z.object({ name: z.string(), template: z.string() }))]).nullish(),
  bos_token: tokenText,
  eos_token: tokenText,
});

interface Message {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/** Throws `model-unsupported` when the folder has no usable chat template. */
export async function readPromptLayout(folder: ModelFolder, tokenizer: Tokenizer): Promise<PromptLayout> {
  const config = (await folder.has('tokenizer_config.json'))
    ? tokenizerConfigSchema.parse(JSON.parse(await readText(folder, 'tokenizer_config.json')))
    : {};
  const source = await templateSource(folder, config.chat_template);
  const template = new Template(source);
  const special = { bos_token: textOf(config.bos_token), eos_token: textOf(config.eos_token) };
  const render = (messages: Message[]) => template.render({ messages, add_generation_prompt: true, ...special });
  return new TemplateLayout(render, tokenizer, tokenizer.tokenId(special.eos_token));
}

async function templateSource(folder: ModelFolder, declared: unknown): Promise<string> {
  if (typeof declared === 'string') return declared;
  if (Array.isArray(declared)) {
    const templates = declared as { name: string; template: string }[];
    const chosen = templates.find((each) => each.name === 'default') ?? templates[0];
    if (chosen) return chosen.template;
  }
  if (await folder.has('chat_template.jinja')) return readText(folder, 'chat_template.jinja');
  throw new ProximaError('model-unsupported', { feature: 'no chat template' });
}

function textOf(token: z.infer<typeof tokenText>): string {
  return typeof token === 'string' ? token : (token?.content ?? '');
}

class TemplateLayout implements PromptLayout {
  readonly #render: (messages: Message[]) => string;
  readonly #tokenizer: Tokenizer;
  readonly #documentAsSystem: boolean;
  readonly beforeDocument: readonly number[];
  readonly endOfText: number | undefined;

  constructor(render: (messages: Message[]) => string, tokenizer: Tokenizer, endOfText: number | undefined) {
    this.endOfText = endOfText;
    this.#render = render;
    this.#tokenizer = tokenizer;
    this.#documentAsSystem = this.#acceptsSystem();
    const [before = ''] = this.#rendered([], TEXT_MARK).split(DOCUMENT_MARK);
    this.beforeDocument = tokenizer.encodeTemplate(before);
  }

  question(turns: readonly Turn[], question: string): number[] {
    const [, after = ''] = this.#rendered(turns, TEXT_MARK).split(DOCUMENT_MARK);
    const texts = [...turns.flatMap((turn) => [turn.question, turn.answer]), question];
    const pieces = after.split(TEXT_MARK);
    // A space in front of inserted text belongs to the text's first word, as it would had all been tokenised in one.
    return pieces.flatMap((piece, index) => {
      const text = texts[index];
      if (text === undefined) return this.#tokenizer.encodeTemplate(piece);
      const spaced = piece.endsWith(' ');
      const template = this.#tokenizer.encodeTemplate(spaced ? piece.slice(0, -1) : piece);
      return [...template, ...this.#tokenizer.encodeText(spaced ? ` ${text}` : text)];
    });
  }

  #rendered(turns: readonly Turn[], question: string): string {
    const spoken: Message[] = turns.flatMap(() => [
      { role: 'user' as const, content: TEXT_MARK },
      { role: 'assistant' as const, content: TEXT_MARK },
    ]);
    const messages: Message[] = [...spoken, { role: 'user', content: question }];
    if (this.#documentAsSystem) return this.#render([{ role: 'system', content: DOCUMENT_MARK }, ...messages]);
    const [first, ...rest] = messages;
    return this.#render([{ role: 'user', content: `${DOCUMENT_MARK}\n\n${first?.content ?? ''}` }, ...rest]);
  }

  #acceptsSystem(): boolean {
    try {
      const text = this.#render([
        { role: 'system', content: DOCUMENT_MARK },
        { role: 'user', content: TEXT_MARK },
      ]);
      return text.includes(DOCUMENT_MARK) && text.indexOf(DOCUMENT_MARK) < text.indexOf(TEXT_MARK);
    } catch {
      return false; // Some templates raise an exception on the system role.
    }
  }
}
