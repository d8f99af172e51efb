/** A model's tokenizer: text to token ids and back, with special tokens only where the template puts them. */
import { Tokenizer as HubTokenizer } from '@huggingface/tokenizers';
import { ProximaError } from '../errors.ts';
import { THINKING_TOKENS } from '../thinking.ts';
import { definitionOfMerges } from './merges-tokenizer.ts';
import { type ModelFolder, readText } from './source.ts';

const REPLACEMENT = '�';

export class Tokenizer {
  readonly #hub: HubTokenizer;
  /** Texts that would turn into special tokens. */
  readonly #special: RegExp | undefined;
  readonly size: number;

  constructor(definition: object, config: object) {
    this.#hub = new HubTokenizer(withThinking(definition), config);
    const added = [...this.#hub.get_added_tokens_decoder().values()].map((token) => token.content);
    // Runs of white space that are tokens of their own (Gemma's line breaks, MPT's spaces) can't end a turn and stay whole.
    const named = added.filter((content) => content.length > 1 && /[^\s▁]/u.test(content));
    const escaped = named.map((content) => RegExp.escape(content));
    this.#special = escaped.length > 0 ? new RegExp(escaped.join('|'), 'g') : undefined;
    let largest = -1;
    for (const id of this.#hub.get_vocab(true).values()) largest = Math.max(largest, id);
    this.size = largest + 1;
  }

  /** Ids of template text, in which special tokens mean what they say. */
  encodeTemplate(text: string): number[] {
    return text === '' ? [] : this.#hub.encode(text, { add_special_tokens: false }).ids;
  }

  /**
   * Ids of text from outside. A special token's name in it stays plain text: it is split in two before encoding, so
   * that a document can't end its own turn.
   */
  encodeText(text: string): number[] {
    if (!this.#special) return this.encodeTemplate(text);
    const ids: number[] = [];
    let from = 0;
    for (const match of text.matchAll(this.#special)) {
      ids.push(...this.encodeTemplate(text.slice(from, match.index + 1)));
      from = match.index + 1;
    }
    return from === 0 ? this.encodeTemplate(text) : [...ids, ...this.encodeTemplate(text.slice(from))];
  }

  decode(ids: readonly number[]): string {
    return ids.length === 0
      ? ''
      : this.#hub.decode([...ids], { skip_special_tokens: true, clean_up_tokenization_spaces: false });
  }

  tokenId(token: string): number | undefined {
    return this.#hub.token_to_id(token);
  }
}

/** Added tokens with those that fold thinking plain, so that decoding shows them. */
function withThinking(definition: object): object {
  if (!('added_tokens' in definition) || !Array.isArray(definition.added_tokens)) return definition;
  const shown = (token: { readonly content?: string }) =>
    THINKING_TOKENS.has(token.content ?? '') ? { ...token, special: false } : token;
  return { ...definition, added_tokens: definition.added_tokens.map(shown) };
}

/** Turns a stream of ids into a stream of text that never shows half a character. */
export class StreamingText {
  readonly #tokenizer: Tokenizer;
  #ids: number[] = [];
  #shown = '';

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
  }

  /** The new text that is certain after this id: '' while a character is incomplete. */
  push(id: number): string {
    this.#ids.push(id);
    const whole = this.#tokenizer.decode(this.#ids);
    if (whole.endsWith(REPLACEMENT)) return '';
    const fresh = whole.slice(this.#shown.length);
    this.#shown = whole;
    return fresh;
  }

  /** What is left at the end, incomplete characters included. */
  finish(): string {
    return this.#tokenizer.decode(this.#ids).slice(this.#shown.length);
  }
}

/** Throws `model-missing`, `model-damaged`, or `tokenizer-mismatch` when it has ids the model has no row for. */
export async function readTokenizer(folder: ModelFolder, vocabulary: number): Promise<Tokenizer> {
  const whole = await folder.has('tokenizer.json');
  if (!whole && !((await folder.has('vocab.json')) && (await folder.has('merges.txt')))) {
    throw new ProximaError('model-missing', {
      place: folder.name,
      lacks: 'it has neither tokenizer.json nor vocab.json with merges.txt',
    });
  }
  const tokenizer = await parseTokenizer(folder);
  if (tokenizer.size > vocabulary) {
    throw new ProximaError('tokenizer-mismatch', { tokenizer: tokenizer.size, model: vocabulary });
  }
  return tokenizer;
}

async function parseTokenizer(folder: ModelFolder): Promise<Tokenizer> {
  const json = async (name: string): Promise<unknown> => JSON.parse(await readText(folder, name));
  const whole = await folder.has('tokenizer.json');
  try {
    const config = (await folder.has('tokenizer_config.json')) ? await json('tokenizer_config.json') : {};
    const definition = whole
      ? await json('tokenizer.json')
      : definitionOfMerges(await json('vocab.json'), await readText(folder, 'merges.txt'), config);
    return new Tokenizer(definition as object, config as object);
  } catch (cause) {
    if (cause instanceof ProximaError) throw cause;
    const files = whole ? 'tokenizer.json' : 'vocab.json with merges.txt';
    throw new ProximaError('model-damaged', { part: files, reason: 'it is no tokenizer' });
  }
}
