/**
 * Reads the structure of an ONNX model: nodes, names and types, and where each weight lies. Weights themselves are
 * never materialised here; they are byte ranges of the source (field numbers: onnx.proto3, onnx/onnx).
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { type Field, FieldWalker } from './onnx-fields.ts';
import type { ByteSource } from './source.ts';

export type AttributeValue = number | string | number[] | 'graph' | 'tensor';

export interface OnnxNode {
  readonly name: string;
  readonly operator: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, AttributeValue>;
  /** Tensors from outside that its subgraphs take. */
  readonly captured: readonly string[];
  /** The encoded NodeProto, passed on as it is. */
  readonly bytes: Uint8Array;
}

export interface OnnxInitializer {
  readonly name: string;
  readonly dimensions: readonly number[];
  readonly dataType: number;
  /** Where the encoded TensorProto lies in the source. */
  readonly start: number;
  readonly end: number;
  /** Where the weight itself lies, when it lies in a file of its own. */
  readonly external: ExternalPlace | undefined;
}

/** Bytes of a file beside the graph. */
export interface ExternalPlace {
  readonly file: string;
  readonly offset: number;
  /** To the file's end where undefined. */
  readonly length: number | undefined;
}

/** A graph input or output: a dimension is a number, or a symbol's name. */
export interface OnnxValue {
  readonly name: string;
  readonly elementType: number;
  readonly dimensions: readonly (number | string)[];
  readonly bytes: Uint8Array;
}

export interface OnnxModel {
  readonly source: ByteSource;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, OnnxInitializer>;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly values: ReadonlyMap<string, OnnxValue>;
  /** Encoded fields of ModelProto other than the graph: versions, operator sets, functions. */
  readonly modelFields: readonly Uint8Array[];
}

/** Which node makes a tensor. */
export type Producers = ReadonlyMap<string, OnnxNode>;

export function producersOf({ nodes }: Pick<OnnxModel, 'nodes'>): Producers {
  return new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
}

/** The ONNX element type of a tensor, as far as the file describes it. */
export function elementTypeOf({ values, initializers }: OnnxModel, name: string): number | undefined {
  return values.get(name)?.elementType ?? initializers.get(name)?.dataType;
}

const MODEL_GRAPH = 7;
const MODEL_OPERATOR_SETS = 8;
/** Of AttributeProto. */
const SUBGRAPH = 6;
const GRAPH = { node: 1, initializer: 5, input: 11, output: 12, valueInfo: 13 } as const;

/** Throws RangeError or Error when the bytes are not an ONNX model. */
export async function readOnnx(source: ByteSource): Promise<OnnxModel> {
  const walker = new FieldWalker(source);
  const top = await walker.fields(0, source.size);
  const graph = top.find((field) => field.number === MODEL_GRAPH && field.wireType === WireType.LengthDelimited);
  if (!graph || !top.some((field) => field.number === MODEL_OPERATOR_SETS)) throw new Error('no graph in the file');
  const fields = await walker.fields(graph.start, graph.end);
  const payloads = async (number: number) =>
    Promise.all(fields.filter((field) => field.number === number).map((field) => walker.payload(field)));
  const initializers = new Map<string, OnnxInitializer>();
  for (const field of fields.filter((each) => each.number === GRAPH.initializer)) {
    const initializer = await readInitializer(walker, field);
    initializers.set(initializer.name, initializer);
  }
  const nodes = (await payloads(GRAPH.node)).map(readNode);
  const inputs = (await payloads(GRAPH.input)).map(readValue);
  const outputs = (await payloads(GRAPH.output)).map(readValue);
  const described = [...(await payloads(GRAPH.valueInfo)).map(readValue), ...inputs, ...outputs];
  return {
    source,
    nodes,
    initializers,
    inputs: inputs.filter((input) => !initializers.has(input.name)),
    outputs,
    values: new Map(described.map((value) => [value.name, value])),
    modelFields: await Promise.all(
      top.filter((field) => field !== graph).map((field) => encodedField(source, field, top)),
    ),
  };
}

/** The whole encoding of a top-level field, tag and length included: from the end of the field before it. */
async function encodedField(source: ByteSource, field: Field, top: Field[]): Promise<Uint8Array> {
  const index = top.indexOf(field);
  const start = index === 0 ? 0 : (top[index - 1]?.end ?? 0);
  return source.read(start, field.end - start);
}

async function readInitializer(walker: FieldWalker, field: Field): Promise<OnnxInitializer> {
  const dimensions: number[] = [];
  let name = '';
  let dataType = 0;
  const external = new Map<string, string>();
  for (const part of await walker.fields(field.start, field.end)) {
    if (part.number === 1 && part.wireType === WireType.Varint) dimensions.push(part.value);
    else if (part.number === 1) dimensions.push(...readPackedIntegers(await walker.payload(part)));
    else if (part.number === 2) dataType = part.value;
    else if (part.number === 8) name = new TextDecoder().decode(await walker.payload(part));
    else if (part.number === 13) readEntry(await walker.payload(part), external);
  }
  return { name, dimensions, dataType, start: field.start, end: field.end, external: placeOf(external) };
}

function readPackedIntegers(bytes: Uint8Array): number[] {
  const reader = new BinaryReader(bytes);
  const values: number[] = [];
  while (reader.pos < reader.len) values.push(Number(reader.int64()));
  return values;
}

function placeOf(entries: ReadonlyMap<string, string>): ExternalPlace | undefined {
  const file = entries.get('location');
  if (file === undefined) return undefined;
  const length = entries.get('length');
  const offset = Number(entries.get('offset') ?? 0);
  return { file, offset, length: length === undefined ? undefined : Number(length) };
}

function readEntry(bytes: Uint8Array, entries: Map<string, string>): void {
  let key = '';
  let value = '';
  eachField(bytes, (number, reader, wireType) => {
    if (number === 1) key = reader.string();
    else if (number === 2) value = reader.string();
    else reader.skip(wireType);
  });
  entries.set(key, value);
}

function eachField(bytes: Uint8Array, visit: (number: number, reader: BinaryReader, wireType: WireType) => void): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    visit(number, reader, wireType);
  }
}

function readNode(bytes: Uint8Array): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, AttributeValue>();
  const captured: string[] = [];
  const text = { name: '', operator: '', domain: '' };
  eachField(bytes, (number, reader, wireType) => {
    if (number === 1) inputs.push(reader.string());
    else if (number === 2) outputs.push(reader.string());
    else if (number === 3) text.name = reader.string();
    else if (number === 4) text.operator = reader.string();
    else if (number === 5) readAttribute(reader.bytes(), attributes, captured);
    else if (number === 7) text.domain = reader.string();
    else reader.skip(wireType);
  });
  return { ...text, inputs, outputs, attributes, captured, bytes };
}

/** How each scalar field of AttributeProto is read; tensors and graphs are only told apart. */
const attributeReaders: Readonly<Record<number, (reader: BinaryReader, wireType: WireType) => AttributeValue>> = {
  2: (reader) => reader.float(),
  3: (reader) => Number(reader.int64()),
  4: (reader) => new TextDecoder().decode(reader.bytes()),
  5: (reader, wireType) => skipAs(reader, wireType, 'tensor'),
  11: (reader, wireType) => skipAs(reader, wireType, 'graph'),
};

function readAttribute(bytes: Uint8Array, attributes: Map<string, AttributeValue>, captured: string[]): void {
  let name = '';
  let value: AttributeValue = 0;
  const integers: number[] = [];
  eachField(bytes, (number, reader, wireType) => {
    const read = attributeReaders[number];
    if (number === 1) name = reader.string();
    else if (number === SUBGRAPH) {
      captured.push(...capturedBy(reader.bytes()));
      value = 'graph';
    } else if (read) value = read(reader, wireType);
    else if (number !== 8) reader.skip(wireType);
    else if (wireType === WireType.Varint) integers.push(Number(reader.int64()));
    else integers.push(...readPackedIntegers(reader.bytes()));
  });
  attributes.set(name, integers.length > 0 ? integers : value);
}

/** What the nodes of a graph within an attribute take from outside it. */
function capturedBy(graph: Uint8Array): string[] {
  const made = new Set<string>();
  const taken: string[] = [];
  eachField(graph, (number, reader, wireType) => {
    if (number === GRAPH.node) {
      const node = readNode(reader.bytes());
      taken.push(...node.inputs, ...node.captured);
      for (const output of node.outputs) made.add(output);
    } else if (number === GRAPH.initializer) made.add(nameOfTensor(reader.bytes()));
    else reader.skip(wireType);
  });
  return taken.filter((name) => name !== '' && !made.has(name));
}

function nameOfTensor(tensor: Uint8Array): string {
  let name = '';
  eachField(tensor, (number, reader, wireType) => {
    if (number === 8) name = reader.string();
    else reader.skip(wireType);
  });
  return name;
}

function skipAs<T>(reader: BinaryReader, wireType: WireType, value: T): T {
  reader.skip(wireType);
  return value;
}

function readValue(bytes: Uint8Array): OnnxValue {
  let name = '';
  let elementType = 0;
  const dimensions: (number | string)[] = [];
  eachField(bytes, (number, reader, wireType) => {
    if (number === 1) name = reader.string();
    else if (number === 2) elementType = readTensorType(reader.bytes(), dimensions);
    else reader.skip(wireType);
  });
  return { name, elementType, dimensions, bytes };
}

function readTensorType(typeBytes: Uint8Array, dimensions: (number | string)[]): number {
  let elementType = 0;
  eachField(typeBytes, (number, reader, wireType) => {
    if (number !== 1) return void reader.skip(wireType);
    eachField(reader.bytes(), (inner, innerReader, innerType) => {
      if (inner === 1) elementType = innerReader.int32();
      else if (inner === 2) readDimensions(innerReader.bytes(), dimensions);
      else innerReader.skip(innerType);
    });
  });
  return elementType;
}

function readDimensions(shape: Uint8Array, dimensions: (number | string)[]): void {
  eachField(shape, (number, reader, wireType) => {
    if (number !== 1) return void reader.skip(wireType);
    let dimension: number | string = '';
    eachField(reader.bytes(), (inner, innerReader, innerType) => {
      if (inner === 1) dimension = Number(innerReader.int64());
      else if (inner === 2) dimension = innerReader.string();
      else innerReader.skip(innerType);
    });
    dimensions.push(dimension);
  });
}
