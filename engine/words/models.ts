/** Words for what can be wrong with a model or a plan. */
import type { TemplateFault, Unsupported, WithoutPod } from '../unsupported.ts';
import { count, mebibytes } from './amounts.ts';
import type { Words, WordsOf } from './wording.ts';

type ModelCode =
  | 'model-missing'
  | 'model-damaged'
  | 'model-data-missing'
  | 'model-unsupported'
  | 'model-too-large'
  | 'tokenizer-mismatch'
  | 'plan-invalid';

const OTHER_EXPORT = 'Choose another model, or an export of this one without it.';
const OTHER_MODEL = 'Choose another model.';

export const modelWords: WordsOf<ModelCode> = {
  'model-missing': ({ place, lacks }) => ({
    cause: `${place} is not a model folder: ${lacks}.`,
    wayOut: 'Choose a folder with config.json, tokenizer.json and onnx/model.onnx, as onnx-community publishes it.',
  }),
  'model-damaged': ({ part, reason }) => ({
    cause: `The model can't be loaded because of ${part}: ${reason}.`,
    wayOut: "Get the model folder again; if it is whole, its export is one that onnxruntime can't run.",
  }),
  'model-data-missing': ({ file }) => ({
    cause: `The graph keeps weights in ${file}, which is not in the folder.`,
    wayOut: 'Get the missing file and put it beside the .onnx file.',
  }),
  'model-unsupported': (detail) => unsupportedWords(detail),
  'model-too-large': ({ model, neededBytes, availableBytes }) => ({
    cause: `Loading ${model} takes ${mebibytes(neededBytes)} and ${mebibytes(availableBytes)} are free.`,
    wayOut: 'Close other programs, or choose a smaller model.',
  }),
  'tokenizer-mismatch': ({ tokenizer, model }) => ({
    cause: `The tokenizer has ${count(tokenizer)} tokens and the model only ${count(model)}: they don't belong together.`,
    wayOut: 'Get tokenizer.json from the same folder as the model.',
  }),
  'plan-invalid': ({ reason }, front) => ({
    cause: `The cache plan can't be used: ${reason}.`,
    wayOut:
      front === 'terminal'
        ? 'Give a plan made for this model, or --policy dense.'
        : 'Look for a plan again, or read the document dense.',
  }),
};

/** Why a model that runs does so without PoD. */
export function withoutPodWords(without: WithoutPod): string {
  if (without.reason === 'rotaries') return 'Each layer turns its keys in its own way, so none can share them.';
  return without.unbounded === 0
    ? 'Every layer sees only a window of the text, so the cache stays small and there is nothing to share.'
    : 'Only one layer sees the whole text, the others a window of it, so there is no second one to share keys with.';
}

function unsupportedWords(detail: Unsupported): Words {
  const [cause, wayOut] = UNSUPPORTED[detail.feature](detail as never);
  return { cause, wayOut };
}

const TEMPLATE_FAULTS: Readonly<Record<TemplateFault, string>> = {
  malformed: 'has an error of syntax',
  unreadable: "can't be rendered",
  incomplete: 'does not carry a whole conversation',
};

type Kind<Feature extends Unsupported['feature']> = Extract<Unsupported, { feature: Feature }>;

const UNSUPPORTED: {
  readonly [Feature in Unsupported['feature']]: (detail: Kind<Feature>) => readonly [cause: string, wayOut: string];
} = {
  attention: ({ layer, uses }) => [`Layer ${layer} uses ${uses}, which Proxima can't run yet.`, OTHER_EXPORT],
  'attention bias': ({ layer, total, token }) => [
    `Layer ${layer} uses an attention_bias that says more than what may be seen (of ${total} tokens, at ${token}), which Proxima can't run yet.`,
    OTHER_EXPORT,
  ],
  'computed tensor': ({ tensor, from }) => [
    `The graph makes ${tensor} from ${from}, which Proxima can't run yet.`,
    OTHER_EXPORT,
  ],
  'graph input': ({ input }) => [`The graph wants an input that Proxima does not know: ${input}.`, OTHER_MODEL],
  'no embedding': () => [
    'The graph was exported without its embedding: it wants vectors (inputs_embeds) in place of tokens.',
    'Choose an export with the embedding (not made with exclude_embeds).',
  ],
  'no head': ({ gives }) => [
    `The graph was exported without its head: it gives ${gives} in place of logits.`,
    'Choose an export with the head (not made with exclude_lm_head).',
  ],
  'uneven heads': ({ layer }) => [
    `Layer ${layer} has other heads than the first layer, which Proxima can't run yet.`,
    OTHER_MODEL,
  ],
  'borrowed cache': ({ layer }) => [
    `Layer ${layer} has no keys and values of its own, which Proxima can't run yet.`,
    OTHER_MODEL,
  ],
  'rotary cache': ({ table, rows }) => [
    `The rotary cache ${table} has ${count(rows)} rows, which fit neither the model's context nor its two tables of LongRoPE.`,
    'Get config.json from the same export as the graph.',
  ],
  kernel: ({ reason }) => [
    `onnxruntime can't run this graph: ${reason}.`,
    'Choose another export of the model (q4, q4f16, fp16 or fp32).',
  ],
  'several graphs': ({ file }) => [
    `The model is spread over several graphs (${file} and others), as those that see or hear are; Proxima runs models of one graph.`,
    'Choose a model for text alone.',
  ],
  'nested config': ({ lacks }) => [
    `config.json is one of a model that also sees or hears, and does not say the ${lacks} of its language model.`,
    'Choose a model for text alone.',
  ],
  tokenizer: ({ tokenizer }) => [
    `vocab.json and merges.txt of a ${tokenizer} can't be used without a tokenizer.json.`,
    'Get the tokenizer.json of the same model.',
  ],
  'no chat template': () => [
    'The model folder has no chat template, so there is no way to ask it a question.',
    'Choose an instruct or chat version of the model.',
  ],
  'chat template': ({ fault, reason }) => [
    `The model's chat template ${TEMPLATE_FAULTS[fault]} (${reason}).`,
    "Choose another model, or another release of this one's chat_template.",
  ],
  'no attention node': () => [
    'The graph has no GroupQueryAttention node, so there is no place to put the PoD cache.',
    'Use an export made for onnxruntime-genai or transformers.js (onnx-community).',
  ],
  state: ({ state }) => [
    `The model keeps state other than keys and values (${state}), which Proxima can't carry yet.`,
    'Choose a model whose layers are all attention.',
  ],
  'adjacent attention': () => ['Two attention layers have nothing between them.', OTHER_MODEL],
  operator: ({ operator, node }) => [
    `The graph uses ${operator} (${node}) on its way, which Proxima can't cut yet.`,
    'Choose another model, or an export without control flow.',
  ],
};
