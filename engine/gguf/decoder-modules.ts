/** The parts that decoders are made of, each written from a GGUF tensor into the graph: projections, norms, factors. */
import type { GgufDecoder } from './architecture.ts';
import type { DecoderTensors } from './decoder-tensors.ts';
import { type GraphWriter, MICROSOFT } from './graph-writer.ts';
import type { RowsOf } from './weight-plan.ts';

export interface Projection {
  readonly rows: number;
  readonly columns: number;
  /** Where the rows are part of a larger matrix. */
  readonly place?: { readonly first: number; readonly of: number } | undefined;
  /** Size of a head whose rows lie pair by pair; 0: they don't. */
  readonly paired?: number;
}

/** The residual stream, and what the norm behind it made of it. */
export interface Stream {
  readonly residual: string;
  readonly normed: string;
}

export class DecoderModules {
  readonly #decoder: GgufDecoder;
  readonly #tensors: DecoderTensors;
  readonly #graph: GraphWriter;

  constructor(decoder: GgufDecoder, tensors: DecoderTensors, graph: GraphWriter) {
    this.#decoder = decoder;
    this.#tensors = tensors;
    this.#graph = graph;
  }

  /** A matrix with its bias, where it has one. name: in the graph; tensor: in the file, without its ending. */
  async project(
    name: string,
    tensor: string,
    { rows, columns, place, paired = 0 }: Projection,
    x: string,
  ): Promise<string> {
    const matrix: RowsOf = { ...this.#tensors.matrix(`${tensor}.weight`, rows, columns, place), paired };
    const product = this.#graph.multiply(name, nodePath(name), matrix, x);
    const bias = await this.#tensors.optionalVector(`${tensor}.bias`, rows, place);
    if (!bias) return product;
    const stored = this.#graph.floats(`${name}.bias`, paired === 0 ? bias : halves(bias, paired));
    return this.#graph.node('Add', [product, stored], `${nodePath(name)}/bias/Add/output_0`);
  }

  async weight(name: string, tensor: string, size: number): Promise<string> {
    return this.#graph.floats(`${name}.weight`, await this.#tensors.vector(`${tensor}.weight`, size));
  }

  async norm(name: string, tensor: string, x: string): Promise<string> {
    const weight = await this.weight(name, tensor, this.#decoder.hidden);
    const attributes = { axis: -1, epsilon: { float: this.#decoder.epsilon }, stash_type: 1 };
    return this.#graph.node('SimplifiedLayerNormalization', [x, weight], `${nodePath(name)}/output_0`, attributes);
  }

  /** Adds x to the residual stream. */
  async skipNorm(name: string, tensor: string, residual: string, x: string): Promise<Stream> {
    const weight = await this.weight(name, tensor, this.#decoder.hidden);
    const [normed, added] = [`${nodePath(name)}/output_0`, `${nodePath(name)}/output_3`];
    const attributes = { epsilon: { float: this.#decoder.epsilon } };
    const outputs = [normed, '', '', added];
    this.#graph.node('SkipSimplifiedLayerNormalization', [residual, x, weight], outputs, attributes, MICROSOFT);
    return { normed, residual: added };
  }

  scaled(x: string, name: string, factor: number): string {
    if (factor === 1) return x;
    return this.#graph.node('Mul', [x, this.#graph.floats(name, factor)], `${nodePath(name)}/Mul/output_0`);
  }

  /** What bends the gate of a feed-forward layer. at: of the nodes. */
  activated(x: string, at: string): string {
    if (this.#decoder.activation === 'gelu') {
      return this.#graph.node('FastGelu', [x], `${at}/act_fn/FastGelu/output_0`, undefined, MICROSOFT);
    }
    const open = this.#graph.node('Sigmoid', [x], `${at}/act_fn/Sigmoid/output_0`);
    return this.#graph.node('Mul', [x, open], `${at}/act_fn/Mul/output_0`);
  }
}

/** model.layers.3.attn.o_proj: /model/layers.3/attn/o_proj */
export function nodePath(name: string): string {
  return `/${name.replace('layers.', 'layers:').replaceAll('.', '/').replace('layers:', 'layers.')}`;
}

/** Elements that lie pair by pair within each head, half by half. */
function halves(values: Float32Array, headSize: number): Float32Array {
  return values.map((_, index) => values[pairedIndex(index, headSize)] ?? 0);
}

/** Where the element or row that comes at `index`, half by half, lies pair by pair. */
export function pairedIndex(index: number, headSize: number): number {
  const within = index % headSize;
  const [part, pair] = [Math.floor(within / (headSize / 2)), within % (headSize / 2)];
  return index - within + 2 * pair + part;
}
