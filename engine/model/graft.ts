/**
 * What a runtime grafts onto a segment's ends so that it speaks the cache's layout: behind the projections q/k norm and
 * rotary where the attention node carried them, heads apart, keys and values as f16; in front the attention output back
 * in the graph's own layout and type.
 */
import type { AttentionNode } from './attention-node.ts';
import { ElementType, type NodeDescription, type ValueDescription } from './onnx-writer.ts';

/** Names of the tensors between the engine and a segment. */
export const Graft = {
  query: 'proxima_query',
  key: 'proxima_key',
  value: 'proxima_value',
  attention: 'proxima_attention',
  cosine: 'proxima_cosine',
  sine: 'proxima_sine',
  logits: 'proxima_logits',
} as const;

export interface GraftConstant {
  readonly name: string;
  readonly values: BigInt64Array;
}

export interface GraftParts {
  readonly nodes: readonly NodeDescription[];
  readonly inputs: readonly ValueDescription[];
  readonly outputs: readonly ValueDescription[];
  readonly constants: readonly GraftConstant[];
  /** Weights of the attention node that the grafted nodes use. */
  readonly initializers: readonly string[];
}

/** Behind a segment: query [heads, rows, size] f32, key and value [KV heads, rows, size] f16. half: elements of a rotary cache's row. */
export function projectionGraft(node: AttentionNode, half: number): GraftParts {
  const names = node.key ? { query: node.query, key: node.key, value: node.value ?? '' } : unpackedNames;
  const sizes = [node.queryHeads, node.keyValueHeads, node.keyValueHeads].map((heads) => BigInt(heads * node.headSize));
  const split: NodeDescription[] = node.key
    ? []
    : [
        {
          operator: 'Split',
          inputs: [node.query, 'proxima_sizes'],
          outputs: [names.query, names.key, names.value],
          attributes: { axis: -1 },
        },
      ];
  const { rotary, norm } = node;
  return {
    nodes: [
      ...split,
      ...headNodes('query', names.query, node, half, norm?.queryWeight, ElementType.float),
      ...headNodes('key', names.key, node, half, norm?.keyWeight, ElementType.float16),
      ...valueNodes(names.value),
    ],
    inputs: rotary
      ? [Graft.cosine, Graft.sine].map((name) => ({
          name,
          elementType: ElementType.float,
          dimensions: ['rows', 'half'],
        }))
      : [],
    outputs: [
      { name: Graft.query, elementType: ElementType.float },
      { name: Graft.key, elementType: ElementType.float16 },
      { name: Graft.value, elementType: ElementType.float16 },
    ],
    constants: [
      ...(node.key ? [] : [{ name: 'proxima_sizes', values: BigInt64Array.from(sizes) }]),
      { name: 'proxima_query_heads', values: shapeOf(1, -1, node.queryHeads, node.headSize) },
      { name: 'proxima_key_heads', values: shapeOf(1, -1, node.keyValueHeads, node.headSize) },
      { name: 'proxima_query_flat', values: shapeOf(node.queryHeads, -1, node.headSize) },
      { name: 'proxima_key_flat', values: shapeOf(node.keyValueHeads, -1, node.headSize) },
      { name: 'proxima_offset', values: shapeOf(0) },
    ],
    initializers: norm ? [norm.queryWeight, norm.keyWeight] : [],
  };
}

const unpackedNames = { query: 'proxima_unpacked_q', key: 'proxima_unpacked_k', value: 'proxima_unpacked_v' };

function shapeOf(...sizes: number[]): BigInt64Array {
  return BigInt64Array.from(sizes.map(BigInt));
}

/** Heads apart, normalised and rotated as the node did it, in f32; then to the wanted type. */
function headNodes(
  part: 'query' | 'key',
  from: string,
  node: AttentionNode,
  half: number,
  normWeight: string | undefined,
  type: number,
): NodeDescription[] {
  const name = (step: string) => `proxima_${part}_${step}`;
  const nodes: NodeDescription[] = [{ operator: 'Reshape', inputs: [from, name('heads')], outputs: [name('apart')] }];
  let current = name('apart');
  if (normWeight && node.norm) {
    nodes.push({
      operator: 'SimplifiedLayerNormalization',
      inputs: [current, normWeight],
      outputs: [name('normed')],
      attributes: { axis: -1, epsilon: { float: node.norm.epsilon } },
    });
    current = name('normed');
  }
  nodes.push(
    { operator: 'Cast', inputs: [current], outputs: [name('wide')], attributes: { to: ElementType.float } },
    { operator: 'Transpose', inputs: [name('wide')], outputs: [name('turned')], attributes: { perm: [0, 2, 1, 3] } },
  );
  current = name('turned');
  if (node.rotary) {
    // The operator wants to know how many heads there are where it does not turn all of each.
    const heads = part === 'query' ? node.queryHeads : node.keyValueHeads;
    const partly = 2 * half < node.headSize ? { rotary_embedding_dim: 2 * half, num_heads: heads } : {};
    nodes.push({
      operator: 'RotaryEmbedding',
      domain: 'com.microsoft',
      inputs: [current, 'proxima_offset', Graft.cosine, Graft.sine],
      outputs: [name('rotated')],
      attributes: { interleaved: node.rotary.interleaved ? 1 : 0, ...partly },
    });
    current = name('rotated');
  }
  return [
    ...nodes,
    { operator: 'Reshape', inputs: [current, name('flat')], outputs: [name('flattened')] },
    { operator: 'Cast', inputs: [name('flattened')], outputs: [`proxima_${part}`], attributes: { to: type } },
  ];
}

function valueNodes(from: string): NodeDescription[] {
  return [
    { operator: 'Reshape', inputs: [from, 'proxima_key_heads'], outputs: ['proxima_value_apart'] },
    {
      operator: 'Transpose',
      inputs: ['proxima_value_apart'],
      outputs: ['proxima_value_turned'],
      attributes: { perm: [0, 2, 1, 3] },
    },
    { operator: 'Reshape', inputs: ['proxima_value_turned', 'proxima_key_flat'], outputs: ['proxima_value_flattened'] },
    {
      operator: 'Cast',
      inputs: ['proxima_value_flattened'],
      outputs: [Graft.value],
      attributes: { to: ElementType.float16 },
    },
  ];
}

/** In front of a segment: attention output [heads, rows, size] f32 becomes [1, rows, heads · size] of the graph's type. */
export function attentionGraft(node: AttentionNode): GraftParts {
  return {
    nodes: [
      { operator: 'Transpose', inputs: [Graft.attention], outputs: ['proxima_rows'], attributes: { perm: [1, 0, 2] } },
      { operator: 'Reshape', inputs: ['proxima_rows', 'proxima_hidden'], outputs: ['proxima_joined'] },
      { operator: 'Cast', inputs: ['proxima_joined'], outputs: [node.output], attributes: { to: node.elementType } },
    ],
    inputs: [
      { name: Graft.attention, elementType: ElementType.float, dimensions: [node.queryHeads, 'rows', node.headSize] },
    ],
    outputs: [],
    constants: [{ name: 'proxima_hidden', values: shapeOf(1, -1, node.queryHeads * node.headSize) }],
    initializers: [],
  };
}

/** Behind the last segment: logits as f32. */
export function logitsGraft(logits: string): GraftParts {
  return {
    nodes: [{ operator: 'Cast', inputs: [logits], outputs: [Graft.logits], attributes: { to: ElementType.float } }],
    inputs: [],
    outputs: [{ name: Graft.logits, elementType: ElementType.float }],
    constants: [],
    initializers: [],
  };
}
