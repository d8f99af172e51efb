/** Writes ONNX models: small graphs of the engine's own, and segments whose weights are passed on from a source. */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { OnnxInitializer } from './onnx.ts';
import type { ByteSource } from './source.ts';

/** ONNX element types (TensorProto.DataType). */
export const ElementType = { float: 1, uint8: 2, int8: 3, int32: 6, int64: 7, float16: 10 } as const;

export interface NodeDescription {
  readonly operator: string;
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Integers as number (or array), floats as { float }, an encoded GraphProto as { graph }. */
  readonly attributes?: Readonly<Record<string, NodeAttribute>>;
}

export type NodeAttribute = number | readonly number[] | { readonly float: number } | { readonly graph: Uint8Array };

export interface ValueDescription {
  readonly name: string;
  readonly elementType: number;
  /** Left out: of unknown rank. */
  readonly dimensions?: readonly (number | string)[];
}

const FLOAT_ATTRIBUTE = 1;
const INTEGER_ATTRIBUTE = 2;
const GRAPH_ATTRIBUTE = 5;
const INTEGERS_ATTRIBUTE = 7;
/** TensorProto.DataLocation. */
const EXTERNAL_LOCATION = 1;

export function encodeNode(node: NodeDescription): Uint8Array {
  const writer = new BinaryWriter();
  for (const input of node.inputs) writer.tag(1, WireType.LengthDelimited).string(input);
  for (const output of node.outputs) writer.tag(2, WireType.LengthDelimited).string(output);
  writer.tag(3, WireType.LengthDelimited).string(`/proxima/${node.outputs[0]}`);
  writer.tag(4, WireType.LengthDelimited).string(node.operator);
  for (const [name, value] of Object.entries(node.attributes ?? {})) {
    writer.tag(5, WireType.LengthDelimited).fork();
    encodeAttribute(writer, name, value);
    writer.join();
  }
  if (node.domain) writer.tag(7, WireType.LengthDelimited).string(node.domain);
  return writer.finish();
}

function encodeAttribute(writer: BinaryWriter, name: string, value: NodeAttribute): void {
  writer.tag(1, WireType.LengthDelimited).string(name);
  if (typeof value === 'number') {
    writer.tag(3, WireType.Varint).int64(value).tag(20, WireType.Varint).int32(INTEGER_ATTRIBUTE);
  } else if ('float' in value) {
    writer.tag(2, WireType.Bit32).float(value.float).tag(20, WireType.Varint).int32(FLOAT_ATTRIBUTE);
  } else if ('graph' in value) {
    writer.tag(6, WireType.LengthDelimited).bytes(value.graph).tag(20, WireType.Varint).int32(GRAPH_ATTRIBUTE);
  } else {
    for (const each of value) writer.tag(8, WireType.Varint).int64(each);
    writer.tag(20, WireType.Varint).int32(INTEGERS_ATTRIBUTE);
  }
}

export function encodeValue(value: ValueDescription): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.LengthDelimited).string(value.name);
  writer.tag(2, WireType.LengthDelimited).fork(); // TypeProto
  writer.tag(1, WireType.LengthDelimited).fork(); // tensor type
  writer.tag(1, WireType.Varint).int32(value.elementType);
  if (value.dimensions) encodeShape(writer, value.dimensions);
  writer.join().join();
  return writer.finish();
}

function encodeShape(writer: BinaryWriter, dimensions: readonly (number | string)[]): void {
  writer.tag(2, WireType.LengthDelimited).fork();
  for (const dimension of dimensions) {
    writer.tag(1, WireType.LengthDelimited).fork();
    if (typeof dimension === 'number') writer.tag(1, WireType.Varint).int64(dimension);
    else writer.tag(2, WireType.LengthDelimited).string(dimension);
    writer.join();
  }
  writer.join();
}

/** A small constant: float32 or int64 values written into the model itself. */
export function encodeConstant(
  name: string,
  values: Float32Array | BigInt64Array,
  dimensions: readonly number[],
): Uint8Array {
  const writer = new BinaryWriter();
  for (const dimension of dimensions) writer.tag(1, WireType.Varint).int64(dimension);
  writer.tag(2, WireType.Varint).int32(values instanceof Float32Array ? ElementType.float : ElementType.int64);
  writer.tag(8, WireType.LengthDelimited).string(name);
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return writer.tag(9, WireType.LengthDelimited).bytes(bytes).finish();
}

/** A weight whose bytes lie in a file beside the graph. */
export function encodeExternal(
  name: string,
  elementType: number,
  dimensions: readonly number[],
  place: { readonly file: string; readonly offset: number; readonly length: number },
): Uint8Array {
  const writer = new BinaryWriter();
  for (const dimension of dimensions) writer.tag(1, WireType.Varint).int64(dimension);
  writer.tag(2, WireType.Varint).int32(elementType).tag(8, WireType.LengthDelimited).string(name);
  const entries = { location: place.file, offset: String(place.offset), length: String(place.length) };
  for (const [key, value] of Object.entries(entries)) {
    writer.tag(13, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(key).tag(2, WireType.LengthDelimited).string(value).join();
  }
  return writer.tag(14, WireType.Varint).int32(EXTERNAL_LOCATION).finish();
}

/** A graph that hands values of the graph around it on, as a branch of an If. */
export function encodeBranch(outputs: readonly { readonly name: string; readonly from: string }[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const { name, from } of outputs) {
    writer
      .tag(1, WireType.LengthDelimited)
      .bytes(encodeNode({ operator: 'Identity', inputs: [from], outputs: [name] }));
  }
  writer.tag(2, WireType.LengthDelimited).string('branch');
  for (const { name } of outputs) {
    writer.tag(12, WireType.LengthDelimited).bytes(encodeValue({ name, elementType: ElementType.float }));
  }
  return writer.finish();
}

/** An operator set import of every graph that the engine writes itself. */
export function ownModelFields(): Uint8Array[] {
  const version = new BinaryWriter().tag(1, WireType.Varint).int64(10).finish();
  const sets = [
    { domain: '', version: 21 },
    { domain: 'com.microsoft', version: 1 },
  ].map((set) => {
    const writer = new BinaryWriter().tag(8, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(set.domain).tag(2, WireType.Varint).int64(set.version);
    return writer.join().finish();
  });
  return [version, ...sets];
}

export interface GraphParts {
  readonly modelFields: readonly Uint8Array[];
  readonly nodes: readonly Uint8Array[];
  readonly inputs: readonly Uint8Array[];
  readonly outputs: readonly Uint8Array[];
  readonly constants?: readonly Uint8Array[];
  /** Weights passed on from the source, never decoded; or encoded already. */
  readonly initializers?: readonly (OnnxInitializer | Uint8Array)[];
}

const GRAPH_FIELD = 7;

function header(fieldNumber: number, length: number): Uint8Array {
  const writer = new BinaryWriter().tag(fieldNumber, WireType.LengthDelimited);
  return length < 2 ** 31 ? writer.uint32(length).finish() : writer.uint64(length).finish();
}

/** The encoded model, in one array; only the weights named in `parts` are read from the source. */
export async function assembleModel(parts: GraphParts, source?: ByteSource): Promise<Uint8Array> {
  const pieces: (Uint8Array | OnnxInitializer)[] = [];
  const push = (fieldNumber: number, payload: Uint8Array) =>
    pieces.push(header(fieldNumber, payload.byteLength), payload);
  for (const node of parts.nodes) push(1, node);
  push(2, new TextEncoder().encode('segment'));
  for (const constant of parts.constants ?? []) push(5, constant);
  for (const initializer of parts.initializers ?? []) {
    pieces.push(header(5, lengthOf(initializer)), initializer);
  }
  for (const input of parts.inputs) push(11, input);
  for (const output of parts.outputs) push(12, output);
  const graphBytes = pieces.reduce((sum, piece) => sum + lengthOf(piece), 0);
  return concatenate([...parts.modelFields, header(GRAPH_FIELD, graphBytes), ...pieces], source);
}

function lengthOf(piece: Uint8Array | OnnxInitializer): number {
  return piece instanceof Uint8Array ? piece.byteLength : piece.end - piece.start;
}

async function concatenate(pieces: (Uint8Array | OnnxInitializer)[], source?: ByteSource): Promise<Uint8Array> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + lengthOf(piece), 0));
  let offset = 0;
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) whole.set(piece, offset);
    else if (source) whole.set(await source.read(piece.start, piece.end - piece.start), offset);
    offset += lengthOf(piece);
  }
  return whole;
}
