/** Turns the segments of a cut model into sessions of a runtime. */
import { ProximaError } from '../errors.ts';
import type { GraphSession, Runtime } from '../runtime/runtime.ts';
import { type CutModel, projections, type Segment } from './cut.ts';
import { attentionGraft, type GraftParts, logitsGraft, projectionGraft } from './graft.ts';
import type { OnnxModel, OnnxNode } from './onnx.ts';
import { assembleModel, encodeConstant, encodeNode, encodeValue } from './onnx-writer.ts';

export interface SegmentSession {
  readonly session: GraphSession;
  /** Graph inputs and tensors of earlier segments that it takes. */
  readonly inputs: readonly string[];
  readonly takesRotary: boolean;
  /** Tensors that it hands on to later segments. */
  readonly crossing: readonly string[];
}

/** Creates the sessions one after the other, so that only one segment's weights are held twice at a time. */
export async function createSegments(
  cut: CutModel,
  runtime: Runtime,
  dataFolder: string | undefined,
  onProgress?: (done: number, total: number) => void,
): Promise<SegmentSession[]> {
  const sessions: SegmentSession[] = [];
  for (const segment of cut.segments) {
    sessions.push(await createSegment(cut, segment, runtime, dataFolder));
    onProgress?.(sessions.length, cut.segments.length);
  }
  return sessions;
}

async function createSegment(
  cut: CutModel,
  segment: Segment,
  runtime: Runtime,
  dataFolder: string | undefined,
): Promise<SegmentSession> {
  const before = cut.attention[segment.index - 1];
  const after = cut.attention[segment.index];
  const front = before && segment.attentionInput ? attentionGraft(before) : undefined;
  const back = after ? projectionGraft(after) : logitsGraft(cut.logits);
  const results = after ? projections(after) : [cut.logits];
  const crossing = segment.outputs.filter((name) => !results.includes(name) || neededLater(cut, segment, name));
  const grafts = [front, back].filter((graft): graft is GraftParts => graft !== undefined);
  const bytes = await segmentModel(cut, segment, grafts, crossing);
  return {
    session: await open(runtime, bytes, dataFolder, segment.index),
    inputs: segment.inputs,
    takesRotary: after?.rotary !== undefined,
    crossing,
  };
}

function neededLater(cut: CutModel, segment: Segment, name: string): boolean {
  return cut.segments.slice(segment.index + 1).some((later) => later.inputs.includes(name));
}

async function segmentModel(
  cut: CutModel,
  segment: Segment,
  grafts: readonly GraftParts[],
  crossing: readonly string[],
): Promise<Uint8Array> {
  const { model } = cut;
  const initializers = new Set([...segment.initializers, ...grafts.flatMap((graft) => graft.initializers)]);
  const nodes = [
    ...(grafts.length > 1 ? (grafts[0]?.nodes ?? []) : []).map(encodeNode),
    ...segment.nodes.map((node) => node.bytes),
    ...(grafts.at(-1)?.nodes ?? []).map(encodeNode),
  ];
  const values = (names: readonly string[]) => names.map((name) => describeValue(cut, name));
  return assembleModel(
    {
      modelFields: model.modelFields,
      nodes,
      inputs: [...values(segment.inputs), ...grafts.flatMap((graft) => graft.inputs).map(encodeValue)],
      outputs: [...values(crossing), ...grafts.flatMap((graft) => graft.outputs).map(encodeValue)],
      constants: grafts
        .flatMap((graft) => graft.constants)
        .map((constant) => encodeConstant(constant.name, constant.values, [constant.values.length])),
      initializers: [...initializers].map((name) => initializerOf(model, name)),
    },
    model.source,
  );
}

function initializerOf(model: OnnxModel, name: string) {
  const initializer = model.initializers.get(name);
  if (!initializer)
    throw new ProximaError('model-damaged', `The graph names a weight that it lacks: ${name}.`, 'Get the model again.');
  return initializer;
}

/** The type of a tensor at a cut; activations that the file does not describe have the attention's own type. */
function describeValue(cut: CutModel, name: string): Uint8Array {
  const known = cut.model.values.get(name);
  return known ? known.bytes : encodeValue({ name, elementType: cut.attention[0]?.elementType ?? 1 });
}

async function open(
  runtime: Runtime,
  bytes: Uint8Array,
  dataFolder: string | undefined,
  index: number,
): Promise<GraphSession> {
  try {
    return await runtime.createSession(bytes, dataFolder);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ProximaError(
      'model-damaged',
      `Part ${index} of the model can't be loaded: ${firstLine(message)}.`,
      "Get the model folder again; if it is whole, its export is one that onnxruntime can't run.",
    );
  }
}

function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '').slice(0, 200).replace(/[.\s]+$/, '');
}

/**
 * The rotary caches of a model as [positions, half], each computed once by running the part of the graph that makes it:
 * a plain weight, or nodes fed by weights alone.
 */
export async function readRotaryCaches(
  cut: CutModel,
  runtime: Runtime,
  dataFolder: string | undefined,
): Promise<Map<string, { data: Float32Array; half: number }>> {
  const inNodes = cut.attention.flatMap(({ rotary }) => (rotary ? [rotary.cosineCache, rotary.sineCache] : []));
  const names = [...new Set([...inNodes, ...cut.tables])];
  if (names.length === 0) return new Map();
  const nodes = nodesFor(cut.model, names);
  const used = new Set([...names, ...nodes.flatMap((node) => [...node.inputs])]);
  const cast = names.map((name, index) =>
    encodeNode({ operator: 'Cast', inputs: [name], outputs: [`proxima_cache_${index}`], attributes: { to: 1 } }),
  );
  const bytes = await assembleModel(
    {
      modelFields: cut.model.modelFields,
      nodes: [...nodes.map((node) => node.bytes), ...cast],
      inputs: [],
      outputs: names.map((_, index) => encodeValue({ name: `proxima_cache_${index}`, elementType: 1 })),
      initializers: [...used]
        .filter((name) => cut.model.initializers.has(name))
        .map((name) => initializerOf(cut.model, name)),
    },
    cut.model.source,
  );
  const session = await open(runtime, bytes, dataFolder, -1);
  const result = await session.run({});
  await session.close();
  return new Map(
    names.map((name, index) => {
      const tensor = result[`proxima_cache_${index}`];
      return [name, { data: tensor?.data as Float32Array, half: tensor?.dims[1] ?? 0 }];
    }),
  );
}

/** The nodes that compute these tensors from weights, in graph order. */
function nodesFor(model: OnnxModel, names: readonly string[]): OnnxNode[] {
  const producers = new Map(model.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const needed = new Set<OnnxNode>();
  const visit = (name: string): void => {
    const node = producers.get(name);
    if (!node || needed.has(node)) return;
    if ([...node.attributes.values()].includes('graph')) {
      throw new ProximaError(
        'model-unsupported',
        `The model chooses its rotary caches with ${node.operator}, which Proxima can't run yet.`,
        'Choose another model.',
      );
    }
    needed.add(node);
    for (const input of node.inputs) visit(input);
  };
  for (const name of names) visit(name);
  return model.nodes.filter((node) => needed.has(node));
}
