/** Lays a conversation about a document out in the model's own chat template, as token ids. */
import { z } from 'zod';
import { ProximaError } from '../errors.ts';
import { ConversationTemplate, type Turn } from './conversation-template.ts';
import { type ModelFolder, readText } from './source.ts';
import type { Tokenizer } from './tokenizer.ts';

export type { Turn } from './conversation-template.ts';

/** Token ids before the document and between it and the first question's end of template. */
export interface PromptLayout {
  readonly beforeDocument: readonly number[];
  /** The token that the tokenizer's configuration ends a text with. */
  readonly endOfText: number | undefined;
  /** What the template has written of a block of thinking that answers begin within; '' where they don't. */
  readonly opening: string;
  /** What follows the document for a question after these turns, up to where the answer starts. Throws `model-unsupported`. */
  question(turns: readonly Turn[], question: string): number[];
}

const tokenText = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish();
const SPECIAL = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'] as const;
const templates = z.union([z.string(), z.array(z.object({ name: z.string(), template: z.string() }))]).nullish();
const configSchema = z.looseObject({
  chat_template: templates,
  ...(Object.fromEntries(SPECIAL.map((name) => [name, tokenText])) as Record<
    (typeof SPECIAL)[number],
    typeof tokenText
  >),
});

/** Throws `model-unsupported` when the folder has no usable chat template, `model-damaged` for a config that is none. */
export async function readPromptLayout(folder: ModelFolder, tokenizer: Tokenizer): Promise<PromptLayout> {
  const config = await readTokenizerConfig(folder);
  const source = await templateSource(folder, config.chat_template);
  const special = SPECIAL.flatMap((name) => {
    const text = textOf(config[name]);
    return text === undefined ? [] : [[name, text] as const];
  });
  const template = new ConversationTemplate(source, Object.fromEntries(special));
  return new TemplateLayout(template, tokenizer, tokenizer.tokenId(textOf(config.eos_token) ?? ''));
}

async function readTokenizerConfig(folder: ModelFolder): Promise<z.infer<typeof configSchema>> {
  if (!(await folder.has('tokenizer_config.json'))) return configSchema.parse({});
  try {
    return configSchema.parse(JSON.parse(await readText(folder, 'tokenizer_config.json')));
  } catch {
    throw new ProximaError('model-damaged', {
      part: 'tokenizer_config.json',
      reason: 'it is no tokenizer configuration',
    });
  }
}

/** A file of its own counts before what the configuration says, as in `transformers`. */
async function templateSource(folder: ModelFolder, declared: z.infer<typeof templates>): Promise<string> {
  if (await folder.has('chat_template.jinja')) return readText(folder, 'chat_template.jinja');
  if (typeof declared === 'string') return declared;
  const chosen = declared?.find((each) => each.name === 'default') ?? declared?.[0];
  if (chosen) return chosen.template;
  throw new ProximaError('model-unsupported', { feature: 'no chat template' });
}

function textOf(token: z.infer<typeof tokenText>): string | undefined {
  return typeof token === 'string' ? token : token?.content;
}

class TemplateLayout implements PromptLayout {
  readonly #template: ConversationTemplate;
  readonly #tokenizer: Tokenizer;
  readonly beforeDocument: readonly number[];
  readonly endOfText: number | undefined;
  readonly opening: string;

  constructor(template: ConversationTemplate, tokenizer: Tokenizer, endOfText: number | undefined) {
    this.#template = template;
    this.#tokenizer = tokenizer;
    this.endOfText = endOfText;
    this.opening = template.opening;
    this.beforeDocument = tokenizer.encodeTemplate(template.before);
  }

  question(turns: readonly Turn[], question: string): number[] {
    const { after } = this.#template.pieces(turns, question);
    // A space in front of inserted text belongs to the text's first word, as it would had all been tokenised in one.
    return after.flatMap((piece, index) => {
      const spaced = (after[index - 1] ?? '').endsWith(' ');
      if (index % 2 === 1) return this.#tokenizer.encodeText(spaced ? ` ${piece}` : piece);
      const last = index === after.length - 1;
      return this.#tokenizer.encodeTemplate(piece.endsWith(' ') && !last ? piece.slice(0, -1) : piece);
    });
  }
}
