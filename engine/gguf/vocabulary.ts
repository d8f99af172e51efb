/** The vocabulary of a GGUF file, as its keys have it. */
import { ProximaError } from '../errors.ts';
import { KeyReader } from './key-reader.ts';
import { damagedGguf, type Gguf, type GgufValue, legible } from './read-gguf.ts';
import { StringList } from './string-list.ts';

/** llama_token_type. */
export const TokenKind = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

export interface Vocabulary {
  /** gpt2: byte-level BPE with merges; llama: SentencePiece with scores. */
  readonly model: 'gpt2' | 'llama';
  readonly pre: string;
  readonly tokens: readonly string[];
  readonly kinds: ArrayLike<number>;
  readonly scores: ArrayLike<number>;
  readonly merges: StringList | undefined;
  /** Whether a text is tokenised as if a space stood in front of it. */
  readonly spacePrefix: boolean;
  readonly ids: { readonly bos?: number; readonly eos?: number; readonly unknown?: number; readonly padding?: number };
  /** All tokens that end an answer. */
  readonly stops: readonly number[];
}

/** Names under which control tokens end a turn, in case the keys name only the end of a text (as llama.cpp does). */
const ENDS: ReadonlySet<string> = new Set([
  '<|eot_id|>',
  '<|im_end|>',
  '<|end|>',
  '<end_of_turn>',
  '<|endoftext|>',
  '<|eom_id|>',
  '<EOT>',
  '<|end_of_text|>',
  '<end_of_utterance>',
  '</s>',
]);

/**
 * rows: of the embedding, where the file has one. Throws `gguf-damaged`, or `gguf-unsupported` for another kind of tokenizer or a key that
 * is not understood.
 */
export function readVocabulary(gguf: Gguf, rows = Number.POSITIVE_INFINITY): Vocabulary {
  const keys = new KeyReader(gguf, 'tokenizer.ggml.');
  const model = keys.text('model', '');
  if (model !== 'gpt2' && model !== 'llama') throw refused(model === '' ? 'none' : model);
  const tokens = stringsOf(gguf, 'tokens', true);
  const count = tokens.length;
  // Before a string is made of any: millions of names would take many times what they take in the file.
  if (count > rows) throw damagedGguf(gguf.name, `it names ${count} tokens, and its embedding has ${rows}`);
  const kinds = numbersOf(gguf, 'token_type', count) ?? new Uint8Array(count).fill(TokenKind.normal);
  const scores = numbersOf(gguf, 'scores', count) ?? new Float32Array(0);
  const merges = gguf.keys.has('tokenizer.ggml.merges') ? stringsOf(gguf, 'merges', true) : undefined;
  if (model === 'gpt2' && !merges) throw damagedGguf(gguf.name, 'its tokenizer has no merges');
  if (model === 'llama' && scores.length === 0) throw damagedGguf(gguf.name, 'its tokenizer has no scores');
  passOthers(keys);
  const id = (name: string) => idOf(gguf, name, count);
  const names = Array.from(tokens, (text) => text);
  const ends = names.flatMap((text, index) => (kinds[index] === TokenKind.control && ENDS.has(text) ? [index] : []));
  const told = [id('eos_token_id'), id('eot_token_id'), id('eom_token_id')].flatMap((each) => each ?? []);
  return {
    model,
    pre: keys.text('pre', 'default'),
    tokens: names,
    kinds,
    scores,
    merges,
    spacePrefix: model === 'llama' && gguf.keys.get('tokenizer.ggml.add_space_prefix') !== false,
    ids: withoutGaps({
      bos: id('bos_token_id'),
      eos: id('eos_token_id'),
      unknown: id('unknown_token_id'),
      padding: id('padding_token_id'),
    }),
    stops: [...new Set([...told, ...ends])],
  };
}

export function refused(tokenizer: string): ProximaError {
  return new ProximaError('gguf-unsupported', { feature: 'tokenizer', tokenizer: legible(tokenizer) });
}

/** Keys that were read above, or that say nothing about how text becomes ids where the template says what stands in front. */
function passOthers(keys: KeyReader): void {
  const tokens = [
    'bos',
    'eos',
    'eot',
    'eom',
    'unknown',
    'seperator',
    'padding',
    'mask',
    'cls',
    'prefix',
    'suffix',
    'middle',
  ];
  const filling = ['fim_pre', 'fim_suf', 'fim_mid', 'fim_pad', 'fim_rep', 'fim_sep'];
  keys.pass(
    'pre',
    'tokens',
    'token_type',
    'scores',
    'merges',
    'add_space_prefix',
    'add_bos_token',
    'add_eos_token',
    'add_sep_token',
  );
  keys.pass('token_type_count', ...[...tokens, ...filling].map((name) => `${name}_token_id`));
  keys.only('remove_extra_whitespaces', false);
  keys.refuseOthers();
}

function stringsOf(gguf: Gguf, name: string, needed: boolean): StringList {
  const value = gguf.keys.get(`tokenizer.ggml.${name}`);
  if (value instanceof StringList && (!needed || value.length > 0)) return value;
  throw damagedGguf(gguf.name, `it has no list tokenizer.ggml.${name}`);
}

function numbersOf(gguf: Gguf, name: string, count: number): ArrayLike<number> | undefined {
  const value: GgufValue | undefined = gguf.keys.get(`tokenizer.ggml.${name}`);
  if (value === undefined) return undefined;
  if (typeof value === 'object' && !(value instanceof StringList) && value.length === count) return value;
  throw damagedGguf(gguf.name, `tokenizer.ggml.${name} does not fit its ${count} tokens`);
}

function idOf(gguf: Gguf, name: string, count: number): number | undefined {
  const value = gguf.keys.get(`tokenizer.ggml.${name}`);
  // Some files say "none" by the largest number there is.
  return typeof value === 'number' && value >= 0 && value < count ? value : undefined;
}

function withoutGaps(ids: Record<keyof Vocabulary['ids'], number | undefined>): Vocabulary['ids'] {
  return Object.fromEntries(Object.entries(ids).filter(([, id]) => id !== undefined));
}
