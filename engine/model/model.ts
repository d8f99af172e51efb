/** Loads a model folder: config, tokenizer, chat template, the graph cut into sessions, and its sharing plan if it has one. */
import { type PlanFile, parsePlanFile } from '../cache/sharing-plan.ts';
import { ProximaError } from '../errors.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { type PromptLayout, readPromptLayout } from './chat-template.ts';
import { type ModelConfig, readConfig } from './config.ts';
import { type CutModel, cutModel } from './cut.ts';
import { Decoder } from './decoder.ts';
import { type OnnxModel, readOnnx } from './onnx.ts';
import { createSegments, readTables } from './segments.ts';
import { type ByteSource, type ModelFolder, readText } from './source.ts';
import { readTokenizer, type Tokenizer } from './tokenizer.ts';

export interface Model {
  readonly name: string;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  readonly layout: PromptLayout;
  readonly decoder: Decoder;
  readonly planFile: PlanFile | undefined;
  /** Bytes of the graph's files, external data included. */
  readonly weightBytes: number;
  /** Tokens the files have room for: positions of the config and rows of the rotary caches, whichever is less. */
  readonly contextTokens: number;
}

export interface LoadOptions {
  /** Where external data lies, for runtimes that open the files themselves. */
  readonly dataFolder?: string;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Graph files by preference: the widest one that was published is not always there. */
const GRAPH_FILES = [
  'model.onnx',
  'model_q4.onnx',
  'model_quantized.onnx',
  'model_int8.onnx',
  'model_fp16.onnx',
  'model_q4f16.onnx',
];

/** Rejects with a ProximaError whose code begins with `model-`, `tokenizer-` or `plan-`. */
export async function loadModel(folder: ModelFolder, runtime: Runtime, options: LoadOptions = {}): Promise<Model> {
  const config = await readConfig(folder);
  const tokenizer = await readTokenizer(folder, config.vocabulary);
  const layout = await readPromptLayout(folder, tokenizer);
  const planFile = (await folder.has('pod.json'))
    ? parsePlanFile(await readText(folder, 'pod.json'), 'pod.json')
    : undefined;
  const source = await openGraph(folder);
  try {
    const model = await parseGraph(source);
    const externalBytes = await checkExternalData(folder, model);
    const cut = cutModel(model);
    checkLayers(config, cut);
    const tables = await readTables(cut, runtime, options.dataFolder);
    const segments = await createSegments(cut, runtime, options.dataFolder, options.onProgress);
    const decoder = new Decoder(cut, segments, tables, runtime, runtime.createLayers(cut, tables));
    const caches = cut.attention.flatMap(({ rotary }) => (rotary ? [rotary.cosineCache] : [])).concat([...cut.tables]);
    const positions = caches
      .map((name) => tables.get(name))
      .flatMap((table) => (table ? [table.data.length / table.width] : []));
    return {
      name: folder.name,
      config,
      tokenizer,
      layout,
      decoder,
      planFile,
      weightBytes: source.size + externalBytes,
      contextTokens: Math.min(config.contextTokens, ...positions),
    };
  } finally {
    await source.close();
  }
}

async function openGraph(folder: ModelFolder): Promise<ByteSource> {
  for (const name of GRAPH_FILES) {
    if (await folder.has(`onnx/${name}`)) return folder.open(`onnx/${name}`);
  }
  throw new ProximaError(
    'model-missing',
    `${folder.name} has no graph: none of onnx/${GRAPH_FILES.join(', ')} is there.`,
    'Give a folder as onnx-community publishes it.',
  );
}

async function parseGraph(source: ByteSource): Promise<OnnxModel> {
  try {
    return await readOnnx(source);
  } catch (cause) {
    if (cause instanceof ProximaError) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ProximaError('model-damaged', `The ONNX file is damaged (${message}).`, 'Get the model folder again.');
  }
}

/** Bytes of the external data files; throws `model-data-missing` when one that the graph names is not there. */
async function checkExternalData(folder: ModelFolder, model: OnnxModel): Promise<number> {
  const initializers = [...model.initializers.values()];
  const names = new Set(initializers.flatMap((initializer) => initializer.externalFile ?? []));
  let bytes = 0;
  for (const name of names) {
    if (name.includes('..') || name.startsWith('/') || !(await folder.has(`onnx/${name}`))) {
      throw new ProximaError(
        'model-data-missing',
        `The graph keeps weights in ${name}, which is not in the folder.`,
        'Get the missing file and put it beside the .onnx file.',
      );
    }
    const source = await folder.open(`onnx/${name}`);
    bytes += source.size;
    await source.close();
  }
  return bytes;
}

function checkLayers(config: ModelConfig, cut: CutModel): void {
  if (config.layers === cut.attention.length) return;
  throw new ProximaError(
    'model-damaged',
    `config.json names ${config.layers} layers, the graph has ${cut.attention.length}.`,
    'Get config.json and the graph from the same folder.',
  );
}
