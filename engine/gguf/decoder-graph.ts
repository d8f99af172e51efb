/** Writes the graph of a GGUF decoder, with GroupQueryAttention nodes where exporters put them (../shared/onnx-patterns.md). */
import { ElementType, type ValueDescription } from '../model/onnx-writer.ts';
import type { GgufDecoder } from './architecture.ts';
import { DecoderModules, nodePath, type Stream } from './decoder-modules.ts';
import type { DecoderTensors } from './decoder-tensors.ts';
import { type Activations, GraphWriter, MICROSOFT } from './graph-writer.ts';
import { type RotaryTables, type Tables, writeRotaryTables, writeTextLength } from './rotary-nodes.ts';
import type { WeightPlan } from './weight-plan.ts';

export interface WrittenGraph {
  readonly model: Uint8Array;
  readonly weights: WeightPlan;
}

/** Rejects with `gguf-damaged` or `gguf-unsupported` where the tensors are not those that the architecture has. */
export function writeDecoderGraph(
  decoder: GgufDecoder,
  tensors: DecoderTensors,
  activations: Activations,
): Promise<WrittenGraph> {
  return new DecoderGraph(decoder, tensors, new GraphWriter(activations)).write();
}

/** What all attention nodes take. */
interface Shared {
  readonly rotary: RotaryTables;
  readonly lengths: readonly string[];
}

class DecoderGraph {
  readonly #decoder: GgufDecoder;
  readonly #tensors: DecoderTensors;
  readonly #graph: GraphWriter;
  readonly #modules: DecoderModules;

  constructor(decoder: GgufDecoder, tensors: DecoderTensors, graph: GraphWriter) {
    this.#decoder = decoder;
    this.#tensors = tensors;
    this.#graph = graph;
    this.#modules = new DecoderModules(decoder, tensors, graph);
  }

  async write(): Promise<WrittenGraph> {
    const { layers, hidden, embeddingScale, rotary, contextTokens } = this.#decoder;
    const vocabulary = this.#tensors.rowsOf('token_embd.weight');
    const table = this.#tensors.matrix('token_embd.weight', vocabulary, hidden);
    const stored = this.#graph.weights.add('model.embed_tokens', table);
    const looked = this.#graph.lookUp(stored, 'model.embed_tokens', '/model/embed_tokens', table, 'input_ids');
    const residual = this.#modules.scaled(looked, 'model.embed_tokens.scale', embeddingScale);
    const shared = { lengths: this.#lengths(), rotary: writeRotaryTables(this.#graph, rotary, contextTokens) };
    const normed = await this.#modules.norm('model.layers.0.input_layernorm', 'blk.0.attn_norm', residual);
    let stream: Stream = { residual, normed };
    for (let layer = 0; layer < layers; layer++) stream = await this.#layer(layer, stream, shared);
    const own = this.#tensors.has('output.weight')
      ? this.#tensors.matrix('output.weight', vocabulary, hidden)
      : undefined;
    const product = own
      ? this.#graph.multiply('lm_head', '/lm_head', own, stream.normed)
      : this.#graph.multiplyStored(stored, '/lm_head', table, stream.normed);
    await this.#finishLogits(product, vocabulary);
    this.#tensors.refuseOthers();
    const model = await this.#graph.finish(this.#inputs(), this.#outputs(vocabulary));
    return { model, weights: this.#graph.weights };
  }

  async #layer(layer: number, stream: Stream, shared: Shared): Promise<Stream> {
    const { layers, sandwich, residualScale } = this.#decoder;
    const modules = this.#modules;
    const [base, block] = [`model.layers.${layer}`, `blk.${layer}`];
    let attended = await this.#attention(layer, stream.normed, shared);
    if (sandwich) {
      attended = await modules.norm(`${base}.post_attention_layernorm`, `${block}.post_attention_norm`, attended);
    }
    attended = modules.scaled(attended, `${base}.attn.residual_scale`, residualScale);
    const between = sandwich ? 'pre_feedforward_layernorm' : 'post_attention_layernorm';
    const middle = await modules.skipNorm(`${base}.${between}`, `${block}.ffn_norm`, stream.residual, attended);
    let fed = await this.#feedForward(layer, middle.normed);
    if (sandwich) fed = await modules.norm(`${base}.post_feedforward_layernorm`, `${block}.post_ffw_norm`, fed);
    fed = modules.scaled(fed, `${base}.mlp.residual_scale`, residualScale);
    if (layer + 1 === layers) return modules.skipNorm('model.norm', 'output_norm', middle.residual, fed);
    const following = `model.layers.${layer + 1}.input_layernorm`;
    return modules.skipNorm(following, `blk.${layer + 1}.attn_norm`, middle.residual, fed);
  }

  async #attention(layer: number, x: string, { rotary, lengths }: Shared): Promise<string> {
    const { queryHeads, headSize, hidden, turned, local, windows } = this.#decoder;
    const base = `model.layers.${layer}.attn`;
    const parts = await this.#queryKeyValue(layer, x);
    const tables = turned[layer] ? ((local[layer] ? rotary.local : undefined) ?? rotary.main) : undefined;
    const past = [`past_key_values.${layer}.key`, `past_key_values.${layer}.value`];
    const norms = await this.#headNorms(layer);
    const inputs = [...parts, ...past, ...lengths, ...(tables ?? NOT_TURNED), ...BETWEEN, ...norms];
    while (inputs.at(-1) === '') inputs.pop();
    const outputs = [
      `${nodePath(base)}/GroupQueryAttention/output_0`,
      `present.${layer}.key`,
      `present.${layer}.value`,
    ];
    const attributes = this.#attentionAttributes(windows[layer] ?? 0, tables !== undefined);
    const attended = this.#graph.node('GroupQueryAttention', inputs, outputs, attributes, MICROSOFT);
    const back = { rows: hidden, columns: queryHeads * headSize };
    return this.#modules.project(`${base}.o_proj`, `blk.${layer}.attn_output`, back, attended);
  }

  async #queryKeyValue(layer: number, x: string): Promise<string[]> {
    const { queryHeads, keyValueHeads, headSize, hidden, fused, paired } = this.#decoder;
    const [query, both] = [queryHeads * headSize, keyValueHeads * headSize];
    const parts = [
      { part: 'q', rows: query, first: 0, paired: paired ? headSize : 0 },
      { part: 'k', rows: both, first: query, paired: paired ? headSize : 0 },
      { part: 'v', rows: both, first: query + both, paired: 0 },
    ];
    const outputs: string[] = [];
    for (const { part, first, ...each } of parts) {
      const place = fused ? { first, of: query + 2 * both } : undefined;
      const tensor = `blk.${layer}.attn_${fused ? 'qkv' : part}`;
      const want = { ...each, columns: hidden, place };
      outputs.push(await this.#modules.project(`model.layers.${layer}.attn.${part}_proj`, tensor, want, x));
    }
    return outputs;
  }

  async #headNorms(layer: number): Promise<string[]> {
    const { headNorms, headSize } = this.#decoder;
    if (!headNorms) return [];
    const norm = (part: 'q' | 'k') =>
      this.#modules.weight(`model.layers.${layer}.attn.${part}_norm`, `blk.${layer}.attn_${part}_norm`, headSize);
    return [await norm('q'), await norm('k')];
  }

  #attentionAttributes(window: number, turned: boolean) {
    const { queryHeads, keyValueHeads, attentionScale, attentionSoftcap, headNorms, epsilon } = this.#decoder;
    return {
      num_heads: queryHeads,
      kv_num_heads: keyValueHeads,
      scale: { float: attentionScale },
      softcap: { float: attentionSoftcap },
      do_rotary: turned ? 1 : 0,
      rotary_interleaved: 0,
      local_window_size: window === 0 ? -1 : window,
      ...(headNorms ? { qk_norm_epsilon: { float: epsilon } } : {}),
    };
  }

  async #feedForward(layer: number, x: string): Promise<string> {
    const { hidden, intermediate, fused } = this.#decoder;
    const [base, block] = [`model.layers.${layer}.mlp`, `blk.${layer}`];
    const into = (part: number) => ({
      rows: intermediate,
      columns: hidden,
      place: fused ? { first: part * intermediate, of: 2 * intermediate } : undefined,
    });
    const gate = await this.#modules.project(`${base}.gate_proj`, `${block}.ffn_${fused ? 'up' : 'gate'}`, into(0), x);
    const up = await this.#modules.project(`${base}.up_proj`, `${block}.ffn_up`, into(1), x);
    const bent = this.#modules.activated(gate, nodePath(base));
    const product = this.#graph.node('Mul', [bent, up], `${nodePath(base)}/Mul/output_0`);
    const back = { rows: hidden, columns: intermediate };
    return this.#modules.project(`${base}.down_proj`, `${block}.ffn_down`, back, product);
  }

  async #finishLogits(product: string, vocabulary: number): Promise<void> {
    const { logitDivisor, logitSoftcap } = this.#decoder;
    const graph = this.#graph;
    let logits = product;
    const bias = await this.#tensors.optionalVector('output.bias', vocabulary);
    if (bias) logits = graph.node('Add', [logits, graph.floats('lm_head.bias', bias)], '/lm_head/bias/Add/output_0');
    logits = this.#modules.scaled(logits, 'lm_head.scale', 1 / logitDivisor);
    if (logitSoftcap > 0) {
      const bound = graph.floats('lm_head.softcap', logitSoftcap);
      const small = graph.node('Div', [logits, bound], '/lm_head/softcap/Div/output_0');
      const bent = graph.node('Tanh', [small], '/lm_head/softcap/Tanh/output_0');
      logits = graph.node('Mul', [bent, bound], '/lm_head/softcap/Mul/output_0');
    }
    graph.node('Identity', [logits], 'logits');
  }

  /** The lengths that attention nodes of a whole graph take; the engine's own attention does without them. */
  #lengths(): string[] {
    const base = '/model/attn_mask_reformat';
    const graph = this.#graph;
    const last = graph.integers(`${base}/axis`, [1]);
    const sum = graph.node('ReduceSum', ['attention_mask', last], `${base}/ReduceSum/output_0`, { keepdims: 0 });
    const less = graph.node('Sub', [sum, graph.integers(`${base}/one`, [1])], `${base}/Sub/output_0`);
    const seen = graph.node('Cast', [less], `${base}/Cast/output_0`, { to: ElementType.int32 });
    const length = writeTextLength(graph, base);
    return [seen, graph.node('Cast', [length], `${base}/Cast_1/output_0`, { to: ElementType.int32 })];
  }

  #inputs(): ValueDescription[] {
    return [
      { name: 'input_ids', elementType: ElementType.int64, dimensions: ['batch_size', 'sequence_length'] },
      { name: 'attention_mask', elementType: ElementType.int64, dimensions: ['batch_size', 'total_sequence_length'] },
      ...this.#states('past_key_values', 'past_sequence_length'),
    ];
  }

  #outputs(vocabulary: number): ValueDescription[] {
    const dimensions = ['batch_size', 'sequence_length', vocabulary];
    const logits = { name: 'logits', elementType: ElementType.float, dimensions };
    return [logits, ...this.#states('present', 'total_sequence_length')];
  }

  #states(prefix: string, length: string): ValueDescription[] {
    const { layers, keyValueHeads, headSize } = this.#decoder;
    const dimensions = ['batch_size', keyValueHeads, length, headSize];
    const state = (layer: number, part: string) => ({
      name: `${prefix}.${layer}.${part}`,
      elementType: ElementType.float,
      dimensions,
    });
    return Array.from({ length: layers }, (_, layer) => [state(layer, 'key'), state(layer, 'value')]).flat();
  }
}

const NOT_TURNED: Tables = ['', ''];
/** Inputs 9 to 13 of the node: position_ids, attention_bias, head_sink and scales of a quantised cache. */
const BETWEEN = ['', '', '', '', ''];
