/** Words for what can be wrong with a GGUF file. */
import type { GgufUnsupported } from '../gguf/unsupported-gguf.ts';
import type { Words, WordsOf } from './wording.ts';

const OTHER_FILE = 'Choose another file of this model.';
const OTHER_MODEL = 'Choose another model.';

export const ggufWords: WordsOf<'gguf-damaged' | 'gguf-unsupported' | 'conversion-busy'> = {
  'gguf-damaged': ({ file, reason }) => ({
    cause: `${file} can't be read as GGUF: ${reason}.`,
    wayOut: 'Get the file again.',
  }),
  'gguf-unsupported': (detail) => unsupportedWords(detail),
  'conversion-busy': () => ({ cause: 'Another model is being converted.', wayOut: 'Wait for it, or stop it.' }),
};

function unsupportedWords(detail: GgufUnsupported): Words {
  const [cause, wayOut] = UNSUPPORTED[detail.feature](detail as never);
  return { cause, wayOut };
}

type Kind<Feature extends GgufUnsupported['feature']> = Extract<GgufUnsupported, { feature: Feature }>;

const UNSUPPORTED: {
  readonly [Feature in GgufUnsupported['feature']]: (detail: Kind<Feature>) => readonly [cause: string, wayOut: string];
} = {
  architecture: ({ architecture, known }) => [
    `The file is a model of the architecture ${architecture === '' ? '(none named)' : architecture}, which Proxima can't turn into a graph yet.`,
    `Choose a model of one of these: ${known.join(', ')}.`,
  ],
  kind: ({ kind }) => [`The file is no model but something else (${kind}).`, 'Choose the file of the model itself.'],
  parts: ({ parts }) => [
    `The file is one of ${parts} that make a model together.`,
    'Join them with gguf-split --merge, or choose a model in one file.',
  ],
  'tensor type': ({ tensor, type }) => [
    `${tensor} is stored as ${type}, which Proxima can't hold.`,
    `${OTHER_FILE} Q4_0 to Q8_0, Q4_K to Q6_K, F16, BF16 and F32 can be held.`,
  ],
  tensor: ({ tensor }) => [`The file has a tensor that its architecture is not known to have: ${tensor}.`, OTHER_MODEL],
  key: ({ key, value }) => [
    `The file says ${key} = ${value}, which changes what the model computes in a way that Proxima does not know.`,
    OTHER_MODEL,
  ],
  tokenizer: ({ tokenizer }) => [
    `The file's tokenizer is of a kind that Proxima does not know: ${tokenizer}.`,
    OTHER_FILE,
  ],
};
