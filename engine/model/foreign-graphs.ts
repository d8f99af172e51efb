/**
 * Graphs that look like a decoder's and are not one that Proxima can run: each is refused by the name of what is amiss, as soon as its
 * structure is read and before any weight is.
 */
import { ProximaError } from '../errors.ts';
import type { Unsupported } from '../unsupported.ts';
import { type AttentionNode, isAttention, pastKeyOf } from './attention-node.ts';
import type { OnnxModel } from './onnx.ts';

/** ONNX element types. */
const INT32 = 6;
const INT64 = 7;
/** State of layers that are no attention: `past_conv.0`, `past_key_values.0.conv_state`, `past_key_values.0.recurrent_state`. */
const STATE = /^past_(conv|ssm|recurrent|state)|^past_key_values\.\d+\.(?!(key|value)$)/;
const EMBEDDINGS = 'inputs_embeds';

/** What the graph gives for each row: a score for each token of the vocabulary. */
export const LOGITS = 'logits';

/** Inputs that tell the tokens and how many there are: [batch, tokens]. */
export const TOKEN_INPUTS: ReadonlySet<string> = new Set(['input_ids', 'position_ids', 'attention_mask']);

/** Throws `model-unsupported` for what the whole graph says: state beside the KV cache, no embedding, no head, no attention. */
export function refuseForeign(model: OnnxModel): void {
  const state = model.inputs.find(({ name }) => STATE.test(name));
  if (state) refuse({ feature: 'state', state: state.name });
  if (!model.nodes.some(isAttention)) refuse({ feature: 'no attention node' });
  if (model.inputs.some(({ name }) => name === EMBEDDINGS)) refuse({ feature: 'no embedding' });
  if (!model.outputs.some(({ name }) => name === LOGITS)) {
    refuse({
      feature: 'no head',
      gives: model.outputs.find(({ name }) => !name.startsWith('present'))?.name ?? 'nothing',
    });
  }
  const layers = model.nodes.filter(isAttention).map(pastKeyOf);
  const borrowing = layers.findIndex((past, layer) => past === '' || layers.indexOf(past) !== layer);
  if (borrowing >= 0) refuse({ feature: 'borrowed cache', layer: borrowing });
}

/** The cache has one shape for all layers. */
export function refuseHeads(attention: readonly AttentionNode[]): void {
  const [first] = attention;
  const other = attention.find(
    ({ headSize, keyValueHeads }) => headSize !== first?.headSize || keyValueHeads !== first.keyValueHeads,
  );
  if (other) refuse({ feature: 'uneven heads', layer: other.layer });
}

/** Inputs that are `taken` once the attention is gone must be those that the decoder feeds. */
export function refuseInputs(model: OnnxModel, taken: ReadonlySet<string>): void {
  const foreign = model.inputs.find(
    ({ name, elementType, dimensions }) =>
      taken.has(name) &&
      !(TOKEN_INPUTS.has(name) && (elementType === INT64 || elementType === INT32) && dimensions.length === 2),
  );
  if (foreign) refuse({ feature: 'graph input', input: foreign.name });
}

function refuse(detail: Unsupported): never {
  throw new ProximaError('model-unsupported', detail);
}
