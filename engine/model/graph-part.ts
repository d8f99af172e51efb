/**
 * A piece of a model's graph by itself: what makes some tensors, run once or for a few lengths of text. It shows what a graph
 * does where reading it would mean guessing: rotary caches that nodes compute or an If chooses, and masks.
 */
import { firstLineOf, ProximaError } from '../errors.ts';
import type { GraphSession, Runtime } from '../runtime/runtime.ts';
import { isAttention } from './attention-node.ts';
import { type OnnxModel, type OnnxNode, producersOf } from './onnx.ts';
import { assembleModel, ElementType, encodeNode, encodeValue } from './onnx-writer.ts';
import { weightsFor } from './weights.ts';

/** A text as the graph's inputs tell of it: `rows` new tokens, `total` with those before them. */
export interface TextLength {
  readonly rows: number;
  readonly total: number;
}

export interface PartResult {
  readonly data: Float32Array;
  readonly dimensions: readonly number[];
}

export class GraphPart {
  readonly #session: GraphSession;
  readonly #names: readonly string[];
  readonly #inputs: readonly string[];
  readonly #runtime: Runtime;

  private constructor(session: GraphSession, names: readonly string[], inputs: readonly string[], runtime: Runtime) {
    this.#session = session;
    this.#names = names;
    this.#inputs = inputs;
    this.#runtime = runtime;
  }

  /** Rejects with `model-unsupported` where the tensors depend on more than weights and the text's length. */
  static async open(
    model: OnnxModel,
    names: readonly string[],
    runtime: Runtime,
    dataFolder: string | undefined,
  ): Promise<GraphPart> {
    const nodes = nodesFor(model, names);
    const used = usedBy(nodes, names);
    const inputs = model.inputs.filter(({ name }) => used.has(name));
    const unknown = inputs.find(({ name, elementType }) => !(name in inputsOf) || elementType !== ElementType.int64);
    if (unknown) throw tooMuch(names[0] ?? '', unknown.name);
    const cast = names.map((name, index) =>
      encodeNode({
        operator: 'Cast',
        inputs: [name],
        outputs: [resultName(index)],
        attributes: { to: ElementType.float },
      }),
    );
    const { initializers, external } = await weightsFor(model, weightsOf(model, used), runtime, dataFolder);
    const bytes = await assembleModel(
      {
        modelFields: model.modelFields,
        nodes: [...nodes.map((node) => node.bytes), ...cast],
        inputs: inputs.map((input) => input.bytes),
        outputs: names.map((_, index) => encodeValue({ name: resultName(index), elementType: ElementType.float })),
        initializers,
      },
      model.source,
    );
    try {
      const session = await runtime.createSession(bytes, external, 'memory');
      const inputNames = inputs.map(({ name }) => name);
      return new GraphPart(session, names, inputNames, runtime);
    } catch (cause) {
      throw new ProximaError('model-damaged', { part: `what makes ${names[0]}`, reason: firstLineOf(cause) });
    }
  }

  /** The tensors as f32, by name. */
  async run(length: TextLength = { rows: 1, total: 1 }): Promise<Map<string, PartResult>> {
    const feeds = this.#inputs.map((name) => {
      const values = inputsOf[name]?.(length) ?? new BigInt64Array(0);
      return [name, this.#runtime.tensor('int64', values, [1, values.length])] as const;
    });
    const results = await this.#session.run(Object.fromEntries(feeds));
    return new Map(
      this.#names.map((name, index) => {
        const tensor = results[resultName(index)];
        return [name, { data: tensor?.data as Float32Array, dimensions: tensor?.dims ?? [] }];
      }),
    );
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}

const resultName = (index: number) => `proxima_part_${index}`;

/** The graph inputs that say how long a text is and nothing else; ids are all the same. */
const inputsOf: Readonly<Record<string, (length: TextLength) => BigInt64Array>> = {
  input_ids: ({ rows }) => new BigInt64Array(rows),
  position_ids: ({ rows, total }) => BigInt64Array.from({ length: rows }, (_, row) => BigInt(total - rows + row)),
  attention_mask: ({ total }) => new BigInt64Array(total).fill(1n),
};

/** Whether what makes these tensors takes weights that lie beside the graph. Throws as `GraphPart.open` does. */
export function needsData(model: OnnxModel, names: readonly string[]): boolean {
  const weights = weightsOf(model, usedBy(nodesFor(model, names), names));
  return weights.some((name) => model.initializers.get(name)?.external !== undefined);
}

function usedBy(nodes: readonly OnnxNode[], names: readonly string[]): ReadonlySet<string> {
  return new Set([...names, ...nodes.flatMap((node) => [...node.inputs, ...node.captured])]);
}

function weightsOf({ initializers }: OnnxModel, used: ReadonlySet<string>): string[] {
  return [...used].filter((name) => initializers.has(name));
}

/** The nodes that compute these tensors, in graph order. */
function nodesFor(model: OnnxModel, names: readonly string[]): OnnxNode[] {
  const producers = producersOf(model);
  const needed = new Set<OnnxNode>();
  const visit = (name: string): void => {
    const node = producers.get(name);
    if (!node || needed.has(node)) return;
    if (isAttention(node)) throw tooMuch(names[0] ?? '', node.name);
    needed.add(node);
    for (const input of [...node.inputs, ...node.captured]) visit(input);
  };
  for (const name of names) visit(name);
  return model.nodes.filter((node) => needed.has(node));
}

function tooMuch(name: string, source: string): ProximaError {
  return new ProximaError('model-unsupported', { feature: 'computed tensor', tensor: name, from: source });
}
