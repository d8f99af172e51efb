/** Loads a model folder: config, tokenizer, chat template, the graph cut into sessions, and its cache plans if it has some. */
import { type PlanFile, parsePlanFile } from '../cache/plan-file.ts';
import { type Calibration, parseCalibration } from '../passages/confidence.ts';
import {
  checkHeads,
  headsOf,
  parseQuotingFile,
  QUOTING_FILE,
  type QuotingFile,
  quotingIds,
} from '../quoting/quoting-file.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { type PromptLayout, readPromptLayout } from './chat-template.ts';
import { type ModelConfig, readConfig } from './config.ts';
import { createDecoder } from './create-decoder.ts';
import type { CutModel } from './cut.ts';
import type { Decoder } from './decoder.ts';
import { checkExternalData, checkLayers, openGraph, parseGraph } from './graph.ts';
import { loadingBytes, requireRoom, residentBytes } from './resident.ts';
import { type ModelFolder, readText } from './source.ts';
import { readTokenizer, type Tokenizer } from './tokenizer.ts';

const CALIBRATION = 'confidence.json';

export interface Model {
  readonly name: string;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  readonly layout: PromptLayout;
  readonly decoder: Decoder;
  readonly planFile: PlanFile | undefined;
  /** Where it was measured how likely its answers are right. */
  readonly calibration: Calibration | undefined;
  /** Where it answers in the document's own words. */
  readonly quoting: QuotingFile | undefined;
  /** Bytes of the graph's files, external data included. */
  readonly weightBytes: number;
  /** Bytes that it takes in memory (`resident.ts`). */
  readonly residentBytes: number;
  /** Bytes on top of these while it is loaded. */
  readonly loadingBytes: number;
  /** Tokens the files have room for: positions of the config and rows of the rotary caches, whichever is less. */
  readonly contextTokens: number;
}

export interface LoadOptions {
  /** Where external data lies, for runtimes that open the files themselves. */
  readonly dataFolder?: string;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Rejects with a ProximaError whose code begins with `model-`, `tokenizer-` or `plan-`. */
export async function loadModel(folder: ModelFolder, runtime: Runtime, options: LoadOptions = {}): Promise<Model> {
  const config = await readConfig(folder);
  const tokenizer = await readTokenizer(folder, config.vocabulary);
  const layout = await readPromptLayout(folder, tokenizer);
  const planFile = (await folder.has('pod.json'))
    ? parsePlanFile(await readText(folder, 'pod.json'), 'pod.json')
    : undefined;
  const calibration = (await folder.has(CALIBRATION))
    ? parseCalibration(await readText(folder, CALIBRATION), CALIBRATION)
    : undefined;
  const quoting = (await folder.has(QUOTING_FILE)) ? parseQuotingFile(await readText(folder, QUOTING_FILE)) : undefined;
  if (quoting) quotingIds(quoting, tokenizer);
  const source = await openGraph(folder);
  try {
    const model = await parseGraph(source);
    const externalBytes = await checkExternalData(folder, model);
    let [resident, loading] = [0, 0];
    const onCut = (cut: CutModel) => {
      checkLayers(config, cut);
      if (quoting) checkHeads(quoting, headsOf(cut));
      resident = residentBytes(cut, config.contextTokens, runtime.packs);
      loading = loadingBytes(cut, runtime.packs);
      requireRoom(folder.name, resident + loading, runtime.availableBytes());
    };
    const decoder = await createDecoder(model, runtime, { ...options, hints: config, onCut });
    return {
      name: folder.name,
      config: { ...config, stopTokens: new Set([...config.stopTokens, layout.endOfText ?? []].flat()) },
      tokenizer,
      layout,
      decoder,
      planFile,
      calibration,
      quoting,
      weightBytes: source.size + externalBytes,
      residentBytes: resident,
      loadingBytes: loading,
      contextTokens: Math.min(config.contextTokens, decoder.positionsFor({})),
    };
  } finally {
    await source.close();
  }
}
