/** Tokenizers that come as `vocab.json` and `merges.txt`: the `tokenizer.json` that stands for the same. */
import { z } from 'zod';
import { ProximaError } from '../errors.ts';

/** How text is cut before its pieces are merged, by the class that `tokenizer_config.json` names. */
const CLASSES: Readonly<Record<string, { pattern: string | undefined; normalizer: object | null }>> = {
  // GPT-2's own pattern is what ByteLevel cuts by.
  GPT2Tokenizer: { pattern: undefined, normalizer: null },
  Qwen2Tokenizer: {
    pattern:
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    normalizer: { type: 'NFC' },
  },
};

const addedToken = z.looseObject({ content: z.string(), special: z.boolean().optional() });
const configSchema = z.looseObject({
  tokenizer_class: z.string(),
  added_tokens_decoder: z.record(z.string(), addedToken).optional(),
});

/** Throws `model-unsupported` where the config names a class whose cutting isn't known. */
export function definitionOfMerges(vocabulary: unknown, merges: string, config: unknown): object {
  const { tokenizer_class: name, added_tokens_decoder: added = {} } = configSchema.parse(config);
  const known = CLASSES[name.replace(/Fast$/, '')];
  if (!known) {
    throw new ProximaError('model-unsupported', { feature: 'tokenizer', tokenizer: name });
  }
  const split = { type: 'Split', pattern: { Regex: known.pattern }, behavior: 'Isolated', invert: false };
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: !known.pattern };
  return {
    version: '1.0',
    added_tokens: Object.entries(added).map(([id, token]) => ({
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: false,
      ...token,
      id: Number(id),
    })),
    normalizer: known.normalizer,
    pre_tokenizer: known.pattern ? { type: 'Sequence', pretokenizers: [split, bytes] } : bytes,
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      vocab: z.record(z.string(), z.number()).parse(vocabulary),
      merges: merges.split('\n').filter((line) => line !== '' && !line.startsWith('#version')),
    },
  };
}
