/** Turns a GGUF vocabulary into `tokenizer.json` and `tokenizer_config.json`, as published folders have them. */

import { preTokenizer } from './pre-tokenizers.ts';
import { damagedGguf, type Gguf } from './read-gguf.ts';
import { refused, TokenKind, type Vocabulary } from './vocabulary.ts';

const SPACE = '▁';
/** Kinds of tokens that a text can be merged into; the names of the others mean something only where a template puts them. */
const MERGED: ReadonlySet<number> = new Set([TokenKind.normal, TokenKind.userDefined]);
const ADDED: ReadonlySet<number> = new Set([TokenKind.unknown, TokenKind.control, TokenKind.userDefined]);

/** In UTF-16 units. The longest of real vocabularies have some hundred; a token of a million would take a million looks. */
const LONGEST_MERGED = 256;

/** tokenizer.json. Throws `gguf-unsupported` where it is not known how text is cut. */
export function tokenizerDefinition(gguf: Gguf, vocabulary: Vocabulary): object {
  const parts = vocabulary.model === 'gpt2' ? byteLevelParts(gguf, vocabulary) : sentencePieceParts(vocabulary);
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens(gguf, vocabulary),
    post_processor: null,
    ...parts,
  };
}

/** tokenizer_config.json: special tokens by name, and the chat template where the file has one. */
export function tokenizerConfig(gguf: Gguf, { tokens, ids }: Vocabulary): object {
  const name = (id: number | undefined) => (id === undefined ? null : (tokens[id] ?? null));
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    bos_token: name(ids.bos),
    eos_token: name(ids.eos),
    unk_token: name(ids.unknown),
    pad_token: name(ids.padding),
    clean_up_tokenization_spaces: false,
    ...chatTemplate(gguf),
  };
}

function chatTemplate({ keys }: Gguf): object {
  const template = keys.get('tokenizer.chat_template');
  return typeof template === 'string' ? { chat_template: template } : {};
}

function addedTokens(gguf: Gguf, { tokens, kinds }: Vocabulary): object[] {
  const stripped = strippedNames(gguf);
  return tokens.flatMap((content, id) => {
    const kind = kinds[id] ?? TokenKind.normal;
    if (!ADDED.has(kind) || content === '') return [];
    const special = kind !== TokenKind.userDefined;
    return [{ id, content, special, single_word: false, lstrip: false, rstrip: stripped(content), normalized: false }];
  });
}

/** Phi-3's tokens take the white space behind them; GGUF has no word for it, so that llama.cpp goes by the model's name too. */
function strippedNames({ keys }: Gguf): (content: string) => boolean {
  const phi3 = /phi-?3/i.test(String(keys.get('general.name') ?? ''));
  return (content) => phi3 && !['<unk>', '<s>', '<|endoftext|>'].includes(content);
}

function byteLevelParts(gguf: Gguf, { pre, tokens, merges }: Vocabulary): object {
  const known = preTokenizer(pre);
  if (!known) throw refused(`gpt2 (${pre})`);
  const cuts = known.patterns.map((Regex) => ({
    type: 'Split',
    pattern: { Regex },
    behavior: 'Isolated',
    invert: false,
  }));
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false };
  return {
    normalizer: known.normalizer ? { type: known.normalizer } : null,
    pre_tokenizer: { type: 'Sequence', pretokenizers: [...cuts, bytes] },
    decoder: bytes,
    model: bytePairModel(
      tokens,
      Array.from(merges ?? [], (merge) => pairOf(gguf, merge)),
      { ignore_merges: known.ignoreMerges },
    ),
  };
}

/** Two tokens with a space between them; the first may begin with one. */
function pairOf(gguf: Gguf, merge: string): [string, string] {
  const space = merge.indexOf(' ', 1);
  if (space < 0) throw damagedGguf(gguf.name, 'one of its merges is no pair');
  return [merge.slice(0, space), merge.slice(space + 1)];
}

function sentencePieceParts(vocabulary: Vocabulary): object {
  const { tokens, kinds, ids, spacePrefix } = vocabulary;
  const replaced = { type: 'Replace', pattern: { String: ' ' }, content: SPACE };
  const back = { type: 'Replace', pattern: { String: SPACE }, content: ' ' };
  const first = { type: 'Strip', content: ' ', start: 1, stop: 0 };
  const hasBytes = tokens.some((_, id) => kinds[id] === TokenKind.byte);
  const unknown = ids.unknown ?? tokens.findIndex((_, id) => kinds[id] === TokenKind.unknown);
  return {
    normalizer: spacePrefix
      ? { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: SPACE }, replaced] }
      : replaced,
    pre_tokenizer: null,
    decoder: {
      type: 'Sequence',
      decoders: [back, { type: 'ByteFallback' }, { type: 'Fuse' }, ...(spacePrefix ? [first] : [])],
    },
    model: bytePairModel(tokens, mergesByScore(vocabulary), {
      unk_token: tokens[unknown] ?? null,
      fuse_unk: true,
      byte_fallback: hasBytes,
    }),
  };
}

function bytePairModel(
  tokens: readonly string[],
  merges: readonly (readonly [string, string])[],
  more: object,
): object {
  return {
    type: 'BPE',
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    ...more,
    vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    merges,
  };
}

/** SentencePiece merges whatever gives the token with the highest score: all ways in which a token comes of two others, by its score. */
function mergesByScore({ tokens, kinds, scores }: Vocabulary): (readonly [string, string])[] {
  const ids = new Map(tokens.flatMap((token, id) => (MERGED.has(kinds[id] ?? 0) ? [[token, id] as const] : [])));
  const ways: { readonly pair: readonly [string, string]; readonly score: number }[] = [];
  for (const [token, id] of ids) {
    if (token.length > LONGEST_MERGED) continue;
    for (let at = token.length - 1; at > 0; at--) {
      const pair = [token.slice(0, at), token.slice(at)] as const;
      if (ids.has(pair[0]) && ids.has(pair[1])) ways.push({ pair, score: scores[id] ?? 0 });
    }
  }
  return ways.sort((one, other) => other.score - one.score).map(({ pair }) => pair);
}
