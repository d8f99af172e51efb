/** From a parsed graph to something that runs: cut, tables, segments, attention. */
import type { Runtime } from '../runtime/runtime.ts';
import { checkBiases } from './attention-bias.ts';
import type { GraphHints } from './config.ts';
import { type CutModel, cutModel } from './cut.ts';
import { Decoder } from './decoder.ts';
import type { OnnxModel } from './onnx.ts';
import { createSegments } from './segments.ts';
import { readTables } from './tables.ts';

export interface DecoderOptions {
  /** What the config says where the graph leaves it open. */
  readonly hints?: GraphHints | undefined;
  /** Where external data lies, for runtimes that open the files themselves. */
  readonly dataFolder?: string | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Looks at what was cut before any weight is loaded; may throw. */
  readonly onCut?: ((cut: CutModel) => void) | undefined;
}

/** Rejects with `model-unsupported` or `model-damaged`. */
export async function createDecoder(
  model: OnnxModel,
  runtime: Runtime,
  { hints, dataFolder, onProgress, onCut }: DecoderOptions = {},
): Promise<Decoder> {
  const cut = cutModel(model, hints);
  onCut?.(cut);
  await checkBiases(cut, runtime, dataFolder);
  const tables = await readTables(cut, runtime, dataFolder, hints);
  const segments = await createSegments(cut, tables, runtime, dataFolder, onProgress);
  return new Decoder(cut, segments, tables, runtime, runtime.createLayers(cut, tables));
}
