/**
 * How `gpt2` vocabularies cut text before its pieces are merged, by the name that the file gives (tokenizer.ggml.pre). The patterns are
 * facts of the models' own tokenizers, as llama.cpp lists them (src/llama-vocab.cpp); each is applied to what the one before left.
 */

/** Patterns that text is cut by, and whether a piece that is a token as it is stays whole whatever the merges say. */
export interface PreTokenizer {
  readonly patterns: readonly string[];
  readonly ignoreMerges: boolean;
  readonly normalizer: 'NFC' | undefined;
}

const ENDINGS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const SPACES = '\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
/** GPT-2's, which ends words at spaces and knows no line breaks. */
const GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)";
const words = (digits: string) =>
  `${ENDINGS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|${SPACES}`;
const UPPER = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]';
const LOWER = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]';
/** Words cut where capitals begin. */
const cased = (ending: string, digits: string) =>
  `[^\\r\\n\\p{L}\\p{N}]?${UPPER}*${LOWER}+${ending}|[^\\r\\n\\p{L}\\p{N}]?${UPPER}+${LOWER}*${ending}|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${SPACES}`;
const CJK = '[一-龥ࠀ-一가-퟿]+';
/** Letters of scripts with capitals. */
const CASED_LETTERS = '\\p{Lu}\\p{Ll}\\p{Lt}';

type Kind = readonly [
  names: readonly string[],
  patterns: readonly string[],
  more?: { ignoreMerges?: boolean; normalizer?: 'NFC' },
];

const KINDS: readonly Kind[] = [
  [['llama3', 'llama-v3', 'llama-bpe', 'falcon3', 'pixtral', 'lfm2'], [words('\\p{N}{1,3}')], { ignoreMerges: true }],
  [['dbrx', 'smaug-bpe', 'glm4', 'chatglm-bpe'], [words('\\p{N}{1,3}')]],
  [['qwen2', 'deepseek-r1-qwen', 'megrez'], [words('\\p{N}')], { normalizer: 'NFC' }],
  [['stablelm2', 'hunyuan'], [words('\\p{N}')]],
  [
    ['qwen35'],
    [`${ENDINGS}|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|${SPACES}`],
  ],
  [['tekken'], [cased('', '\\p{N}')], { ignoreMerges: true }],
  [['gpt-4o', 'llama4'], [cased(`${ENDINGS}?`, '\\p{N}{1,3}')]],
  [
    ['starcoder', 'refact', 'command-r', 'smollm', 'codeshell', 'exaone', 'minerva-7b'],
    ['\\p{N}', GPT2],
  ],
  [['gpt-2', 'phi-2', 'mpt', 'olmo', 'granite-docling', 'exaone4'], [GPT2]],
  [['falcon'], ['[\\p{P}\\$\\+<=>\\^~\\|`]+', GPT2, '[0-9][0-9][0-9]']],
  [['default'], ['[\\p{P}\\$\\+<=>\\^~\\|]+', GPT2, '\\p{N}+', '[0-9][0-9][0-9]']],
  [['deepseek-coder'], ['[\\r\\n]', '\\s?\\p{L}+', '\\s?\\p{P}+', CJK, '\\p{N}']],
  [
    ['deepseek-llm'],
    ['[\\r\\n]', `\\s?[${CASED_LETTERS}]+`, '\\s?[!-/:-~！-／：-～‘-‟　-。]+', '\\s+$', CJK, '\\p{N}+'],
  ],
  [
    ['deepseek-v3', 'hunyuan-dense'],
    [
      '\\p{N}{1,3}',
      '[一-龥぀-ゟ゠-ヿ]+',
      `[!"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_\`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|${SPACES}`,
    ],
  ],
];

/** Undefined where the name is not known: text would be cut otherwise than the model learnt it. */
export function preTokenizer(name: string): PreTokenizer | undefined {
  const kind = KINDS.find(([names]) => names.includes(name));
  if (!kind) return undefined;
  const [, patterns, { ignoreMerges = false, normalizer } = {}] = kind;
  return { patterns, ignoreMerges, normalizer };
}
