/**
 * Cuts a decoder's graph at its attention. The GroupQueryAttention nodes are the only places that touch the KV cache;
 * without them the graph falls into layers + 1 segments: embedding … q,k,v of layer 0 | o-proj 0 … q,k,v of layer 1 |
 * … | o-proj … logits. The subgraph that only fed lengths to the attention nodes is reached by nothing and is dropped.
 */
import { ProximaError } from '../errors.ts';
import { type AttentionNode, isAttention, readAttentionNode } from './attention-node.ts';
import type { GraphHints } from './config.ts';
import { LOGITS, refuseForeign, refuseHeads, refuseInputs } from './foreign-graphs.ts';
import { type OnnxModel, type OnnxNode, type Producers, producersOf } from './onnx.ts';

/** ONNX element types. */
const FLOAT = 1;
const FLOAT16 = 10;

export interface Segment {
  readonly index: number;
  readonly nodes: readonly OnnxNode[];
  /** Tensors from outside: graph inputs, and what crosses the cuts from earlier segments. */
  readonly inputs: readonly string[];
  /** The attention output that this segment takes, if any. */
  readonly attentionInput: string | undefined;
  /** Tensors that later segments need, in graph order; q, k and v are named by the attention node. */
  readonly outputs: readonly string[];
  readonly initializers: readonly string[];
}

export interface CutModel {
  readonly model: OnnxModel;
  readonly attention: readonly AttentionNode[];
  readonly segments: readonly Segment[];
  readonly logits: string;
  /** Weights that segments take as inputs. */
  readonly tables: ReadonlySet<string>;
}

/** Throws `model-unsupported` when the graph has no attention to cut at, or one that can't be run. */
export function cutModel(model: OnnxModel, hints: GraphHints = {}): CutModel {
  refuseForeign(model);
  const producers = producersOf(model);
  const attention = model.nodes
    .filter(isAttention)
    .map((node, layer) => readAttentionNode(node, layer, model, producers, hints));
  refuseHeads(attention);
  const tables = sharedTables(model, producers, hints);
  const levels = segmentOfEachNode(model, attention, producers, tables);
  const wanted = [...attention.flatMap((node) => projections(node)), LOGITS];
  const membership = assignNodes(model, wanted, producers, levels, tables, attention.length + 1);
  const segments = describeSegments(model, attention, LOGITS, membership, producers, levels, tables);
  refuseInputs(model, new Set(segments.flatMap(({ inputs }) => [...inputs])));
  return { model, attention, logits: LOGITS, tables, segments };
}

/** The names of the tensors that carry a layer's query, key and value. */
export function projections(node: AttentionNode): string[] {
  return [node.query, node.key, node.value].filter((name): name is string => name !== undefined);
}

/** Names of all rotary caches, in the attention nodes or in front of them. */
export function rotaryCaches({ attention, tables }: CutModel): string[] {
  const inNodes = attention.flatMap(({ rotary }) => (rotary ? [rotary.cosineCache, rotary.sineCache] : []));
  return [...new Set([...inNodes, ...tables])];
}

/**
 * Rotary caches that RotaryEmbedding nodes of several segments read: they are fed, so that no session copies them, and so that one
 * choice between two holds for a whole text. f16 ones are only fed where there is something to choose: small ones stay with their nodes.
 */
function sharedTables(model: OnnxModel, producers: Producers, { shortContextTokens }: GraphHints): ReadonlySet<string> {
  const types: readonly (number | undefined)[] = shortContextTokens === undefined ? [FLOAT] : [FLOAT, FLOAT16];
  const names = model.nodes
    .filter((node) => node.operator === 'RotaryEmbedding')
    .flatMap((node) => node.inputs.slice(2, 4))
    .filter((name) => types.includes(model.initializers.get(name)?.dataType) || producers.get(name)?.operator === 'If');
  return new Set(names);
}

/** The segment of each computed tensor's node: one past the last attention before it; -1 where only weights feed it. */
function segmentOfEachNode(
  model: OnnxModel,
  attention: readonly AttentionNode[],
  producers: Producers,
  tables: ReadonlySet<string>,
): Map<OnnxNode, number> {
  const layerOf = new Map(attention.map((node) => [node.output, node.layer]));
  const inputNames = new Set(model.inputs.map((input) => input.name));
  const levels = new Map<OnnxNode, number>();
  const levelOf = (tensor: string): number => {
    const layer = layerOf.get(tensor);
    if (layer !== undefined) return layer + 1;
    if (tables.has(tensor)) return -1;
    const producer = producers.get(tensor);
    if (producer) return levels.get(producer) ?? visit(producer);
    if (inputNames.has(tensor)) return 0;
    if (model.initializers.has(tensor)) return -1;
    throw new ProximaError('model-damaged', { part: 'the graph', reason: `nothing in it makes ${tensor}` });
  };
  const visit = (node: OnnxNode): number => {
    levels.set(node, -1);
    const level = Math.max(-1, ...node.inputs.filter(Boolean).map(levelOf));
    levels.set(node, level);
    return level;
  };
  // Graphs are stored in topological order, so this recursion stays shallow.
  for (const node of model.nodes) if (!isAttention(node)) visit(node);
  return levels;
}

/** Which nodes each segment runs: those the wanted tensors need; nodes fed by weights alone go wherever they are used. */
function assignNodes(
  model: OnnxModel,
  wanted: readonly string[],
  producers: Producers,
  levels: ReadonlyMap<OnnxNode, number>,
  tables: ReadonlySet<string>,
  count: number,
): Set<OnnxNode>[] {
  const membership = Array.from({ length: count }, () => new Set<OnnxNode>());
  const add = (tensor: string, user: number): void => {
    const node = producers.get(tensor);
    if (!node || isAttention(node) || tables.has(tensor)) return;
    const level = levels.get(node) ?? 0;
    const segment = membership[level < 0 ? user : level];
    if (!segment || segment.has(node)) return;
    refuseSubgraph(node);
    segment.add(node);
    for (const name of node.inputs) add(name, level < 0 ? user : level);
  };
  for (const tensor of wanted) {
    const node = producers.get(tensor);
    add(tensor, Math.max(0, node ? (levels.get(node) ?? 0) : 0));
  }
  if (membership.some((segment) => segment.size === 0)) {
    throw new ProximaError('model-unsupported', { feature: 'adjacent attention' });
  }
  return membership.map((segment) => new Set(model.nodes.filter((node) => segment.has(node))));
}

function refuseSubgraph(node: OnnxNode): void {
  if (![...node.attributes.values()].includes('graph')) return;
  throw new ProximaError('model-unsupported', { feature: 'operator', operator: node.operator, node: node.name });
}

function describeSegments(
  model: OnnxModel,
  attention: readonly AttentionNode[],
  logits: string,
  membership: readonly ReadonlySet<OnnxNode>[],
  producers: Producers,
  levels: ReadonlyMap<OnnxNode, number>,
  tables: ReadonlySet<string>,
): Segment[] {
  const fed = (name: string) => !model.initializers.has(name) || tables.has(name);
  const needs = membership.map((nodes) => outsideTensors(nodes));
  return membership.map((nodes, index) => {
    const own = needs[index] ?? new Set<string>();
    const attentionInput = index > 0 ? attention[index - 1]?.output : undefined;
    const produced = new Set([...nodes].flatMap((node) => [...node.outputs]));
    const crossing = [...produced].filter((name) => {
      const producer = producers.get(name);
      return producer && (levels.get(producer) ?? 0) >= 0 && needs.slice(index + 1).some((later) => later.has(name));
    });
    const node = attention[index];
    const results = node ? projections(node) : [logits];
    return {
      index,
      nodes: [...nodes],
      attentionInput: attentionInput !== undefined && own.has(attentionInput) ? attentionInput : undefined,
      inputs: [...own].filter((name) => fed(name) && name !== attentionInput),
      outputs: [...new Set([...crossing, ...results])],
      initializers: [...own].filter((name) => !fed(name)),
    };
  });
}

/** What a set of nodes takes from outside itself. */
function outsideTensors(nodes: ReadonlySet<OnnxNode>): Set<string> {
  const produced = new Set([...nodes].flatMap((node) => [...node.outputs]));
  const outside = [...nodes].flatMap((node) => node.inputs.filter((name) => name && !produced.has(name)));
  return new Set(outside);
}
