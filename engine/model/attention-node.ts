/** Reads a GroupQueryAttention node: what it computes, and whether Proxima can compute it. */
import { ProximaError } from '../errors.ts';
import type { GraphHints } from './config.ts';
import type { AttributeValue, OnnxModel, OnnxNode, Producers } from './onnx.ts';

export interface RotaryInNode {
  readonly interleaved: boolean;
  readonly cosineCache: string;
  readonly sineCache: string;
}

export interface NormInNode {
  readonly queryWeight: string;
  readonly keyWeight: string;
  readonly epsilon: number;
}

/** One attention layer as the graph states it. Sizes in elements. */
export interface AttentionNode {
  readonly layer: number;
  readonly name: string;
  readonly queryHeads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly scale: number;
  /** 0: none. */
  readonly softcap: number;
  /** Tokens that a row sees, itself included; 0: all before it. */
  readonly window: number;
  /** What turned the layer's keys by the time they are cached: the name of a rotary cache, or nothing. */
  readonly turnedBy: string | undefined;
  readonly rotary: RotaryInNode | undefined;
  readonly norm: NormInNode | undefined;
  /** An additive mask beside the node's own; `attention-bias.ts` says whether it may be left out. */
  readonly bias: string | undefined;
  /** Tensor names: packed q·k·v in `query` when key and value are absent. */
  readonly query: string;
  readonly key: string | undefined;
  readonly value: string | undefined;
  readonly output: string;
  /** ONNX element type of the activations around the node. */
  readonly elementType: number;
}

const DEFAULT_NORM_EPSILON = 1e-6;
const PLACING: ReadonlySet<string> = new Set(['Reshape', 'Transpose', 'Cast', 'Identity']);

const INPUT = {
  query: 0,
  key: 1,
  value: 2,
  pastKey: 3,
  cosine: 7,
  sine: 8,
  attentionBias: 10,
  headSink: 11,
  keyScale: 12,
  queryNorm: 14,
  keyNorm: 15,
} as const;

/** Where a layer's keys come from and go to. */
export function pastKeyOf(node: OnnxNode): string {
  return input(node, INPUT.pastKey) ?? '';
}

export function isAttention(node: OnnxNode): boolean {
  return node.operator === 'GroupQueryAttention' && node.domain === 'com.microsoft';
}

/** Throws `model-unsupported`, naming layer and feature, for what the engine would run wrong. */
export function readAttentionNode(
  node: OnnxNode,
  layer: number,
  model: OnnxModel,
  producers: Producers,
  hints: GraphHints = {},
): AttentionNode {
  refuseUnsupported(node, layer);
  const past = model.values.get(input(node, INPUT.pastKey) ?? '');
  const headSize = headSizeOf(node, model, hints);
  if (headSize === undefined) throw unsupported(layer, 'heads whose size neither the graph nor config.json tells');
  const rotary = number(node, 'do_rotary', 0) === 1;
  const key = input(node, INPUT.key);
  const queryNorm = input(node, INPUT.queryNorm);
  const keyNorm = input(node, INPUT.keyNorm);
  const turned = rotary ? readRotary(node, layer) : undefined;
  return {
    layer,
    name: node.name,
    queryHeads: number(node, 'num_heads', 0),
    keyValueHeads: number(node, 'kv_num_heads', 0),
    headSize,
    scale: number(node, 'scale', 0) || headSize ** -0.5,
    softcap: number(node, 'softcap', 0),
    window: windowOf(node, hints),
    turnedBy: turned ? turned.cosineCache : turnedBefore(key, producers),
    rotary: turned,
    norm:
      queryNorm && keyNorm
        ? { queryWeight: queryNorm, keyWeight: keyNorm, epsilon: number(node, 'qk_norm_epsilon', DEFAULT_NORM_EPSILON) }
        : undefined,
    bias: input(node, INPUT.attentionBias),
    query: input(node, INPUT.query) ?? '',
    key,
    value: key ? input(node, INPUT.value) : undefined,
    output: node.outputs[0] ?? '',
    elementType: past?.elementType ?? 1,
  };
}

/** Exporters from 0.15.0 on leave the cache's last dimension open (`kv_cache_dim`); the node's output tells it then, or the config. */
function headSizeOf(node: OnnxNode, model: OnnxModel, hints: GraphHints): number | undefined {
  const inCache = model.values.get(input(node, INPUT.pastKey) ?? '')?.dimensions[3];
  if (typeof inCache === 'number') return inCache;
  const width = model.values.get(node.outputs[0] ?? '')?.dimensions[2];
  return typeof width === 'number' ? width / number(node, 'num_heads', 1) : hints.headSize;
}

/** A window as long as the longest text is none: exporters write 262,144 for models that have none. */
function windowOf(node: OnnxNode, { contextTokens = Number.POSITIVE_INFINITY }: GraphHints): number {
  const window = Math.max(0, number(node, 'local_window_size', -1));
  return window >= contextTokens ? 0 : window;
}

function readRotary(node: OnnxNode, layer: number): RotaryInNode {
  const cosineCache = input(node, INPUT.cosine);
  const sineCache = input(node, INPUT.sine);
  if (!cosineCache || !sineCache) throw unsupported(layer, 'do_rotary without cos and sin caches');
  return { interleaved: number(node, 'rotary_interleaved', 0) === 1, cosineCache, sineCache };
}

/** The rotary cache of a RotaryEmbedding node in front; what may lie between moves elements about, no more. */
function turnedBefore(key: string | undefined, producers: Producers): string | undefined {
  let node = key === undefined ? undefined : producers.get(key);
  while (node && PLACING.has(node.operator)) node = producers.get(node.inputs[0] ?? '');
  return node?.operator === 'RotaryEmbedding' ? node.inputs[2] : undefined;
}

/**
 * For each layer what its cached keys are made of. Keys can stand in for others only where that is the same (onnx-patterns): rotated
 * by the same caches or not at all, and seen whole; behind a local window there are no distant tokens to share.
 */
export function keyMeanings(attention: readonly AttentionNode[]): string[] {
  return attention.map(({ layer, window, turnedBy }) =>
    window > 0 ? `window of layer ${layer}` : (turnedBy ?? 'not turned'),
  );
}

/** Attributes that say nothing of what is computed, or that are read here. */
const KNOWN_ATTRIBUTES: ReadonlySet<string> = new Set([
  'num_heads',
  'kv_num_heads',
  'scale',
  'softcap',
  'do_rotary',
  'rotary_interleaved',
  'local_window_size',
  'qk_norm_epsilon',
  'smooth_softmax',
  'kv_cache_bit_width',
  'k_quant_type',
  'v_quant_type',
  'qk_output',
  // How the graph's own cache is kept, which Proxima does itself.
  'sliding_window_cache',
]);

function refuseUnsupported(node: OnnxNode, layer: number): void {
  const unknown = [...node.attributes.keys()].find((name) => !KNOWN_ATTRIBUTES.has(name));
  const features: [string, boolean][] = [
    ['head_sink', input(node, INPUT.headSink) !== undefined],
    ['a quantised KV cache (k_scale)', input(node, INPUT.keyScale) !== undefined],
    ['a quantised KV cache (kv_cache_bit_width)', number(node, 'kv_cache_bit_width', 0) > 0],
    ['smooth_softmax', number(node, 'smooth_softmax', 0) === 1],
    [`the attribute ${unknown}`, unknown !== undefined],
    ['a norm of only queries or only keys', !input(node, INPUT.queryNorm) !== !input(node, INPUT.keyNorm)],
    ['more inputs than are known', node.inputs.slice(INPUT.keyNorm + 1).some((name) => name !== '')],
  ];
  const found = features.find(([, present]) => present);
  if (found) throw unsupported(layer, found[0]);
}

function unsupported(layer: number, feature: string): ProximaError {
  return new ProximaError('model-unsupported', { feature: 'attention', layer, uses: feature });
}

function input(node: OnnxNode, index: number): string | undefined {
  return node.inputs[index] || undefined;
}

function number(node: OnnxNode, name: string, fallback: number): number {
  const value: AttributeValue | undefined = node.attributes.get(name);
  return typeof value === 'number' ? value : fallback;
}
