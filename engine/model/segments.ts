/** Turns the segments of a cut model into sessions of a runtime. */
import { firstLineOf, ProximaError } from '../errors.ts';
import type { ExternalData, GraphSession, Runtime } from '../runtime/runtime.ts';
import { type CutModel, projections, type Segment } from './cut.ts';
import { attentionGraft, type GraftParts, logitsGraft, projectionGraft } from './graft.ts';
import { assembleModel, encodeConstant, encodeNode, encodeValue } from './onnx-writer.ts';
import type { Table } from './table.ts';
import { type Weights, weightsFor } from './weights.ts';

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
  tables: ReadonlyMap<string, Table>,
  runtime: Runtime,
  dataFolder: string | undefined,
  onProgress?: (done: number, total: number) => void,
): Promise<SegmentSession[]> {
  const sessions: SegmentSession[] = [];
  for (const segment of cut.segments) {
    sessions.push(await createSegment(cut, segment, tables, runtime, dataFolder));
    onProgress?.(sessions.length, cut.segments.length);
  }
  return sessions;
}

async function createSegment(
  cut: CutModel,
  segment: Segment,
  tables: ReadonlyMap<string, Table>,
  runtime: Runtime,
  dataFolder: string | undefined,
): Promise<SegmentSession> {
  const after = cut.attention[segment.index];
  const results = after ? projections(after) : [cut.logits];
  const crossing = segment.outputs.filter((name) => !results.includes(name) || neededLater(cut, segment, name));
  const ends = runtime.grafts ? graftedEnds(cut, segment, tables) : bareEnds(cut, segment, results, crossing);
  const grafted = [ends.front, ends.back].flatMap((graft) => graft?.initializers ?? []);
  const names = new Set([...segment.initializers, ...grafted]);
  const weights = await weightsFor(cut.model, names, runtime, dataFolder);
  const bytes = await segmentModel(cut, segment, ends, crossing, weights);
  return {
    session: await open(runtime, bytes, weights.external, segment.index),
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
function graftedEnds(cut: CutModel, segment: Segment, tables: ReadonlyMap<string, Table>): Ends {
  const before = cut.attention[segment.index - 1];
  const after = cut.attention[segment.index];
  const front = before && segment.attentionInput ? attentionGraft(before) : undefined;
  const half = tables.get(after?.rotary?.cosineCache ?? '')?.width ?? 0;
  const back = after ? projectionGraft(after, half) : logitsGraft(cut.logits);
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
  { initializers }: Weights,
): Promise<Uint8Array> {
  const { model } = cut;
  const grafts = [ends.front, ends.back].filter((graft) => graft !== undefined);
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
      initializers,
    },
    model.source,
  );
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
): Promise<GraphSession> {
  try {
    return await runtime.createSession(bytes, external);
  } catch (cause) {
    throw new ProximaError('model-damaged', { part: `part ${index} of the graph`, reason: firstLineOf(cause) });
  }
}
