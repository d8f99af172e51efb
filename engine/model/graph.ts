/** A model folder's graph: which file it is, and whether all that belongs to it is there. */
import { firstLineOf, ProximaError } from '../errors.ts';
import type { ModelConfig } from './config.ts';
import type { CutModel } from './cut.ts';
import { type OnnxModel, readOnnx } from './onnx.ts';
import type { ByteSource, ModelFolder } from './source.ts';

/** Graph files by preference: the widest one that was published is not always there. */
const GRAPH_FILES = [
  'model.onnx',
  'model_q4.onnx',
  'model_quantized.onnx',
  'model_int8.onnx',
  'model_fp16.onnx',
  'model_q4f16.onnx',
];

/** The graph's file. Rejects with `model-missing`. */
export async function openGraph(folder: ModelFolder): Promise<ByteSource> {
  for (const name of GRAPH_FILES) {
    if (await folder.has(`onnx/${name}`)) return folder.open(`onnx/${name}`);
  }
  const part = await decoderAlone(folder);
  if (part) throw new ProximaError('model-unsupported', { feature: 'several graphs', file: part });
  throw new ProximaError('model-missing', {
    place: folder.name,
    lacks: `it has none of onnx/${GRAPH_FILES.join(', ')}`,
  });
}

/** Models that see or hear have a decoder without embedding, beside a graph for each of their senses. */
async function decoderAlone(folder: ModelFolder): Promise<string | undefined> {
  for (const name of GRAPH_FILES) {
    const path = `onnx/${name.replace('model', 'decoder_model_merged')}`;
    if (await folder.has(path)) return path;
  }
  return undefined;
}

/** Rejects with `model-damaged`, or what the graph's parts are refused by. */
export async function parseGraph(source: ByteSource): Promise<OnnxModel> {
  try {
    return await readOnnx(source);
  } catch (cause) {
    if (cause instanceof ProximaError) throw cause;
    throw new ProximaError('model-damaged', { part: 'the ONNX file', reason: firstLineOf(cause) });
  }
}

/** Bytes of the external data files; throws `model-data-missing` when one that the graph names is not there. */
export async function checkExternalData(folder: ModelFolder, model: OnnxModel): Promise<number> {
  const initializers = [...model.initializers.values()];
  const names = new Set(initializers.flatMap(({ external }) => external?.file ?? []));
  let bytes = 0;
  for (const name of names) {
    if (name.includes('..') || name.startsWith('/') || !(await folder.has(`onnx/${name}`))) {
      throw new ProximaError('model-data-missing', { file: name });
    }
    const source = await folder.open(`onnx/${name}`);
    bytes += source.size;
    await source.close();
  }
  return bytes;
}

/** Throws `model-damaged` where config and graph do not belong together. */
export function checkLayers(config: ModelConfig, cut: CutModel): void {
  if (config.layers === cut.attention.length) return;
  throw new ProximaError('model-damaged', {
    part: 'config.json',
    reason: `it names ${config.layers} layers, the graph has ${cut.attention.length}`,
  });
}
