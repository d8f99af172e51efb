/** Weights of a graph on their way into a session. */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { ProximaError } from '../errors.ts';
import type { ExternalData, Runtime } from '../runtime/runtime.ts';
import type { ExternalPlace, OnnxInitializer, OnnxModel } from './onnx.ts';

/** What a session's graph names, and the bytes that lie beside it. */
export interface Weights {
  readonly initializers: readonly (OnnxInitializer | Uint8Array)[];
  readonly external: ExternalData | undefined;
}

/** Fields of TensorProto and of its entries. */
const EXTERNAL_DATA = 13;
const KEY = 1;
const VALUE = 2;
const GATHERED = 'weights of this part';

/**
 * The weights that a session needs. Runtimes that open files themselves get their names; for others just the bytes that these
 * weights take are read, so that a file is read once however many sessions share it. Throws `model-damaged`.
 */
export async function weightsFor(
  model: OnnxModel,
  names: Iterable<string>,
  runtime: Runtime,
  folder: string | undefined,
): Promise<Weights> {
  const initializers = [...names].map((name) => initializerOf(model, name));
  const outside = initializers.filter(({ external }) => external !== undefined);
  if (outside.length === 0 || folder === undefined) return { initializers, external: undefined };
  if (!runtime.readData) {
    const files = new Set([...model.initializers.values()].flatMap(({ external }) => external?.file ?? []));
    return { initializers, external: { folder, files: [...files] } };
  }
  const inside = initializers.filter(({ external }) => external === undefined);
  const { encoded, data } = await gather(model, outside, (place) => read(runtime, folder, place));
  return { initializers: [...inside, ...encoded], external: { folder, files: [], data: { name: GATHERED, data } } };
}

async function read(runtime: Runtime, folder: string, { file, offset, length }: ExternalPlace): Promise<Uint8Array> {
  const bytes = await runtime.readData?.(folder, file, offset, length);
  if (bytes) return bytes;
  throw new TypeError('this runtime reads no files');
}

/** The weights' bytes behind each other, and their descriptions with the places that they have there. */
async function gather(
  { source }: OnnxModel,
  initializers: readonly OnnxInitializer[],
  bytesOf: (place: ExternalPlace) => Promise<Uint8Array>,
): Promise<{ encoded: Uint8Array[]; data: Uint8Array }> {
  const pieces: Uint8Array[] = [];
  const encoded: Uint8Array[] = [];
  let offset = 0;
  for (const { external, start, end } of initializers) {
    const piece = await bytesOf(external as ExternalPlace);
    encoded.push(moved(await source.read(start, end - start), offset, piece.byteLength));
    pieces.push(piece);
    offset += piece.byteLength;
  }
  const data = new Uint8Array(offset);
  let done = 0;
  for (const piece of pieces) {
    data.set(piece, done);
    done += piece.byteLength;
  }
  return { encoded, data };
}

/** A tensor's description with another place. */
function moved(tensor: Uint8Array, offset: number, length: number): Uint8Array {
  const reader = new BinaryReader(tensor);
  const writer = new BinaryWriter();
  while (reader.pos < reader.len) {
    const from = reader.pos;
    const [field, wireType] = reader.tag();
    reader.skip(wireType);
    if (field !== EXTERNAL_DATA) writer.raw(tensor.subarray(from, reader.pos));
  }
  for (const [key, value] of Object.entries({ location: GATHERED, offset: String(offset), length: String(length) })) {
    writer.tag(EXTERNAL_DATA, WireType.LengthDelimited).fork();
    writer.tag(KEY, WireType.LengthDelimited).string(key).tag(VALUE, WireType.LengthDelimited).string(value).join();
  }
  return writer.finish();
}

function initializerOf(model: OnnxModel, name: string): OnnxInitializer {
  const initializer = model.initializers.get(name);
  if (initializer) return initializer;
  throw new ProximaError('model-damaged', { part: 'the graph', reason: `it lacks the weight ${name}` });
}
