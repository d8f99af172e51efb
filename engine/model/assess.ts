/** What a model folder holds and whether it runs, from its files alone: config, tokenizer, template and graph; no weights are loaded. */
import { type PlanCheck, parsePlanFile } from '../cache/sharing-plan.ts';
import { type Failure, failureOf, ProximaError } from '../errors.ts';
import { cacheBytesPerThousand } from '../hub/catalogue.ts';
import { type AttentionNode, keyMeanings } from './attention-node.ts';
import { readPromptLayout } from './chat-template.ts';
import { readConfig } from './config.ts';
import { type CutModel, cutModel } from './cut.ts';
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
  readonly plan: 'none' | 'adapted' | 'not adapted';
  /** What a plan that it was not trained under was measured to cost. */
  readonly check: PlanCheck | null;
}

/** Looks closer at what was cut than files alone tell; rejects with `model-unsupported`. */
export type CutCheck = (cut: CutModel) => Promise<void>;

/** Never rejects for what is in the folder: that is the verdict. */
export async function assessModel(folder: ModelFolder, check?: CutCheck): Promise<ModelAssessment> {
  try {
    const facts = await factsOf(folder, check);
    if (facts.mostSaving > 0) return { name: folder.name, verdict: 'supported', failure: null, facts };
    return { name: folder.name, verdict: 'supported without PoD', failure: null, facts };
  } catch (cause) {
    if (!(cause instanceof ProximaError)) throw cause;
    return { name: folder.name, verdict: 'not supported', failure: failureOf(cause), facts: null };
  }
}

async function factsOf(folder: ModelFolder, check: CutCheck | undefined): Promise<ModelFacts> {
  const config = await readConfig(folder);
  await readPromptLayout(folder, await readTokenizer(folder, config.vocabulary));
  const source = await openGraph(folder);
  try {
    const model = await parseGraph(source);
    const weightBytes = source.size + (await checkExternalData(folder, model));
    const cut = cutModel(model, config);
    checkLayers(config, cut);
    await check?.(cut);
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
      mostSaving: mostSavingOf(cut.attention),
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
function mostSavingOf(attention: readonly AttentionNode[]): number {
  const keeping = unbounded(attention);
  return keeping.length === 0 ? 0 : 0.5 * (1 - new Set(keyMeanings(keeping)).size / keeping.length);
}

async function planOf(folder: ModelFolder): Promise<Pick<ModelFacts, 'plan' | 'check'>> {
  if (!(await folder.has('pod.json'))) return { plan: 'none', check: null };
  const { adapted, check } = parsePlanFile(await readText(folder, 'pod.json'), 'pod.json');
  return { plan: adapted ? 'adapted' : 'not adapted', check: check ?? null };
}
