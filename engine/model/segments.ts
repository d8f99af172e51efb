/** Turns the segments of a cut model into sessions of a runtime. */
import { ProximaError } from '../errors.ts';
import type { ExternalData, GraphSession, Runtime } from '../runtime/runtime.ts';
import { type CutModel, projections, type Segment } from './cut.ts';
import { attentionGraft, type GraftParts, logitsGraft, projectionGraft } from './graft.ts';
import type { OnnxModel, OnnxNode } from './onnx.ts';
import { assembleModel, encodeConstant, encodeNode, encodeValue } from './onnx-writer.ts';
import type { Table } from './table.ts';

export interface SegmentSession {
  readonly session: GraphSession;
  /** Graph inputs and tensors of earlier segments that it takes. */
  readonly inputs: readonly string[];
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
  const after = cut.attention[segment.index];
  const results = after ? projections(after) : [cut.logits];
  const crossing = segment.outputs.filter((name) => !results.includes(name) || neededLater(cut, segment, name));
  const ends = runtime.grafts ? graftedEnds(cut, segment) : bareEnds(cut, segment, results, crossing);
  const bytes = await segmentModel(cut, segment, ends, crossing);
  return {
    session: await open(runtime, bytes, externalData(cut.model, dataFolder), segment.index),
    inputs: segment.inputs,
    crossing,
  };
}

/** What stands at a segment's ends beside its own nodes, inputs and outputs. */
interface Ends {
  readonly front: GraftParts | undefined;
  readonly back: GraftParts | undefined;
  readonly inputs: readonly Uint8Array[];
  readonly outputs: readonly Uint8Array[];
}

/** The cache's layout at both ends (`graft.ts`). */
function graftedEnds(cut: CutModel, segment: Segment): Ends {
  const before = cut.attention[segment.index - 1];
  const after = cut.attention[segment.index];
  const front = before && segment.attentionInput ? attentionGraft(before) : undefined;
  const back = after ? projectionGraft(after) : logitsGraft(cut.logits);
  const grafts = [front, back].filter((graft) => graft !== undefined);
  return {
    front,
    back,
    inputs: grafts.flatMap((graft) => graft.inputs).map(encodeValue),
    outputs: grafts.flatMap((graft) => graft.outputs).map(encodeValue),
  };
}

/** The graph's own tensors at both ends. */
function bareEnds(cut: CutModel, segment: Segment, results: readonly string[], crossing: readonly string[]): Ends {
  const describe = (name: string) => describeValue(cut, name);
  return {
    front: undefined,
    back: undefined,
    inputs: segment.attentionInput ? [describe(segment.attentionInput)] : [],
    outputs: results.filter((name) => !crossing.includes(name)).map(describe),
  };
}

function neededLater(cut: CutModel, segment: Segment, name: string): boolean {
  return cut.segments.slice(segment.index + 1).some((later) => later.inputs.includes(name));
}

async function segmentModel(
  cut: CutModel,
  segment: Segment,
  ends: Ends,
  crossing: readonly string[],
): Promise<Uint8Array> {
  const { model } = cut;
  const grafts = [ends.front, ends.back].filter((graft) => graft !== undefined);
  const initializers = new Set([...segment.initializers, ...grafts.flatMap((graft) => graft.initializers)]);
  const nodes = [
    ...(ends.front?.nodes ?? []).map(encodeNode),
    ...segment.nodes.map((node) => node.bytes),
    ...(ends.back?.nodes ?? []).map(encodeNode),
  ];
  const values = (names: readonly string[]) => names.map((name) => describeValue(cut, name));
  return assembleModel(
    {
      modelFields: model.modelFields,
      nodes,
      inputs: [...values(segment.inputs), ...ends.inputs],
      outputs: [...values(crossing), ...ends.outputs],
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
  external: ExternalData | undefined,
  index: number,
  results: 'device' | 'memory' = 'device',
): Promise<GraphSession> {
  try {
    return await runtime.createSession(bytes, external, results);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ProximaError(
      'model-damaged',
      `Part ${index} of the model can't be loaded: ${firstLine(message)}.`,
      "Get the model folder again; if it is whole, its export is one that onnxruntime can't run.",
    );
  }
}

/** The files beside the graph that hold weights, if there are any. */
function externalData(model: OnnxModel, folder: string | undefined): ExternalData | undefined {
  const files = new Set([...model.initializers.values()].flatMap(({ externalFile }) => externalFile ?? []));
  return folder === undefined || files.size === 0 ? undefined : { folder, files: [...files] };
}

function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '').slice(0, 200).replace(/[.\s]+$/, '');
}

/**
 * The rotary caches of a model as [positions, half], and the q/k norm weights of its attention nodes, each computed once by
 * running the part of the graph that makes it: a plain weight, or nodes fed by weights alone.
 */
export async function readTables(
  cut: CutModel,
  runtime: Runtime,
  dataFolder: string | undefined,
): Promise<Map<string, Table>> {
  const inNodes = cut.attention.flatMap(({ rotary, norm }) => [
    ...(rotary ? [rotary.cosineCache, rotary.sineCache] : []),
    ...(norm ? [norm.queryWeight, norm.keyWeight] : []),
  ]);
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
  const session = await open(runtime, bytes, externalData(cut.model, dataFolder), -1, 'memory');
  const result = await session.run({});
  await session.close();
  return new Map(
    names.map((name, index) => {
      const tensor = result[`proxima_cache_${index}`];
      return [name, { data: tensor?.data as Float32Array, width: tensor?.dims.at(-1) ?? 0 }];
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
