/** What a model folder holds and whether it runs, from its files alone: config, tokenizer, template and graph; no weights are loaded. */
import { type PlanCheck, parsePlanFile } from '../cache/plan-file.ts';
import { type Failure, failureOf, ProximaError } from '../errors.ts';
import { cacheBytesPerThousand } from '../hub/catalogue.ts';
import type { WithoutPod } from '../unsupported.ts';
import { type AttentionNode, keyMeanings } from './attention-node.ts';
import { readPromptLayout } from './chat-template.ts';
import { type ModelConfig, readConfig } from './config.ts';
import { type CutModel, cutModel } from './cut.ts';
import { refuseForeign } from './foreign-graphs.ts';
import { checkExternalData, checkLayers, openGraph, parseGraph } from './graph.ts';
import { type ModelFolder, readText } from './source.ts';
import { readTokenizer } from './tokenizer.ts';

export interface ModelAssessment {
  readonly name: string;
  readonly verdict: 'supported' | 'supported without PoD' | 'not supported';
  /** Why it is not supported; null where it is. */
  readonly failure: Failure | null;
  readonly facts: ModelFacts | null;
}

/** Every figure as the files say it. */
export interface ModelFacts {
  readonly modelType: string;
  readonly contextTokens: number;
  readonly vocabulary: number;
  readonly layers: number;
  readonly queryHeads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  /** The graph's files, external data included. */
  readonly weightBytes: number;
  /** f16 keys and values of 1,000 more tokens in a dense cache: of the layers that see all of a document. */
  readonly denseBytesPerThousand: number;
  /** What PoD can save of a long document's cache at most, where keys may be shared at all: as many leaders as there are rotaries. */
  readonly mostSaving: number;
  /** Why no layers can share keys; null where some can. */
  readonly withoutPod: WithoutPod | null;
  readonly plan: 'none' | 'adapted' | 'not adapted';
  /** What a plan that it was not trained under was measured to cost. */
  readonly check: PlanCheck | null;
}

/** Looks closer at what was cut than files alone tell (`judge.ts`); rejects with `model-unsupported` or `model-damaged`. */
export type CutCheck = (cut: CutModel, config: ModelConfig) => Promise<void>;

/** Never rejects for what is in the folder: that is the verdict. */
export async function assessModel(folder: ModelFolder, check?: CutCheck): Promise<ModelAssessment> {
  try {
    const facts = await factsOf(folder, check);
    const verdict = facts.withoutPod ? 'supported without PoD' : 'supported';
    return { name: folder.name, verdict, failure: null, facts };
  } catch (cause) {
    if (!(cause instanceof ProximaError)) throw cause;
    return { name: folder.name, verdict: 'not supported', failure: failureOf(cause), facts: null };
  }
}

/** The config, once tokenizer and template have been found to be usable with it. Rejects with `model-…` or `tokenizer-mismatch`. */
export async function readSayings(folder: ModelFolder): Promise<ModelConfig> {
  const config = await readConfig(folder);
  await readPromptLayout(folder, await readTokenizer(folder, config.vocabulary));
  return config;
}

async function factsOf(folder: ModelFolder, check: CutCheck | undefined): Promise<ModelFacts> {
  const config = await readSayingsOrGraph(folder);
  const source = await openGraph(folder);
  try {
    const model = await parseGraph(source);
    const weightBytes = source.size + (await checkExternalData(folder, model));
    const cut = cutModel(model, config);
    checkLayers(config, cut);
    await check?.(cut, config);
    const [first] = cut.attention as readonly [AttentionNode];
    return {
      modelType: config.modelType,
      contextTokens: config.contextTokens,
      vocabulary: config.vocabulary,
      layers: cut.attention.length,
      queryHeads: first.queryHeads,
      keyValueHeads: first.keyValueHeads,
      headSize: first.headSize,
      weightBytes,
      denseBytesPerThousand: cacheBytesPerThousand({ ...first, layers: unbounded(cut.attention).length }).dense,
      ...sharingOf(cut.attention),
      ...(await planOf(folder)),
    };
  } finally {
    await source.close();
  }
}

/** Layers that keep every token; the others end at a local window. */
function unbounded(attention: readonly AttentionNode[]): AttentionNode[] {
  return attention.filter(({ window }) => window === 0);
}

/** One leader for each meaning that keys have. */
function sharingOf(attention: readonly AttentionNode[]): Pick<ModelFacts, 'mostSaving' | 'withoutPod'> {
  const keeping = unbounded(attention);
  const [first] = keeping;
  if (!first || keeping.length === 1) {
    return { mostSaving: 0, withoutPod: { reason: 'windows', unbounded: first ? 1 : 0 } };
  }
  const mostSaving = 0.5 * (1 - new Set(keyMeanings(keeping)).size / keeping.length);
  return { mostSaving, withoutPod: mostSaving > 0 ? null : { reason: 'rotaries' } };
}

/** A config that lacks something often belongs to a model that has other faults too: the graph's own is the better reason. */
async function readSayingsOrGraph(folder: ModelFolder): Promise<ModelConfig> {
  try {
    return await readSayings(folder);
  } catch (cause) {
    const { code, detail } = failureOf(cause);
    const isNested = code === 'model-unsupported' && detail.feature === 'nested config';
    if (code === 'model-damaged' || isNested) await refuseForeignFolder(folder);
    throw cause;
  }
}

async function refuseForeignFolder(folder: ModelFolder): Promise<void> {
  const source = await openGraph(folder);
  try {
    refuseForeign(await parseGraph(source));
  } finally {
    await source.close();
  }
}

async function planOf(folder: ModelFolder): Promise<Pick<ModelFacts, 'plan' | 'check'>> {
  if (!(await folder.has('pod.json'))) return { plan: 'none', check: null };
  const [first] = parsePlanFile(await readText(folder, 'pod.json'), 'pod.json').plans;
  return { plan: first?.adapted ? 'adapted' : 'not adapted', check: first?.check ?? null };
}
