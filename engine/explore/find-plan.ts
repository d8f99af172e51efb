/** The whole exploration of a model on some texts: how alike its layers look, which plan there is, and what that costs. */
import { CpuAttention } from '../backends/cpu/attention.ts';
import { CpuLayers } from '../backends/cpu/layers.ts';
import { longSaving } from '../cache/memory.ts';
import { checkPlan, densePlan } from '../cache/plan.ts';
import type { NamedPlan, PlanCheck, PlanFile } from '../cache/plan-file.ts';
import { cacheShape } from '../local/reading.ts';
import { keyMeanings } from '../model/attention-node.ts';
import { loadModel, type Model } from '../model/model.ts';
import type { ModelFolder } from '../model/source.ts';
import { layerKinds } from '../policy.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { AttentionProbe } from './attention-probe.ts';
import { drawSimilarity } from './heat-map.ts';
import { type KnownCosts, remembering } from './known-costs.ts';
import { measureCost, type PlanCost, PROBE_PROXIMITY } from './plan-cost.ts';
import { createProbeText, type ProbeText } from './probe-text.ts';
import { type Cost, type Found, type SearchGoal, type SearchSpace, searchPlan } from './search.ts';
import { measureSimilarity } from './similarity.ts';

export interface NamedText {
  readonly name: string;
  readonly text: string;
}

export interface Exploration {
  readonly plan: PlanFile;
  readonly found: Found;
  /** [KV heads][layers][layers] */
  readonly similarity: number[][][];
  /** The similarity as an SVG picture. */
  readonly picture: string;
}

export interface ExploreOptions {
  readonly goal: SearchGoal;
  /** What was measured before on the same texts is not measured again. */
  readonly known?: KnownCosts | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Plans that were tried, and how many at most. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** What a plan is called that was explored: the model's own have other names. */
export const EXPLORED = 'explored';
/** Loss that may be added where nothing else is asked for, in nats. */
export const USUAL_DELTA = 0.1;
const SIMILARITY = { queries: 32, sinks: PROBE_PROXIMITY.sinks, recent: PROBE_PROXIMITY.recent };
/** The window that plans are used with; the search's own is shorter, as its texts are. */
const SINKS = 16;
const RECENT = 256;

/** A model whose attention can be listened to. */
export interface ExplorableModel {
  readonly model: Model;
  readonly probe: AttentionProbe;
}

/** On the CPU, where attention passes through the probe. */
export async function loadExplorable(
  folder: ModelFolder,
  runtime: Runtime,
  dataFolder: string,
): Promise<ExplorableModel> {
  const probe = new AttentionProbe(new CpuAttention(runtime));
  const listening: Runtime = {
    ...runtime,
    createLayers: (cut, tables) => new CpuLayers(cut.attention, tables, runtime, probe),
  };
  return { model: await loadModel(folder, listening, { dataFolder }), probe };
}

/** Rejects with `document-too-short` or `cancelled`. */
export async function findPlan(
  { model, probe }: ExplorableModel,
  documents: readonly NamedText[],
  options: ExploreOptions,
): Promise<Exploration> {
  const texts = documents.map(({ name, text }) => createProbeText(model, text, name));
  const similarity = await similarityOf(model, probe, texts);
  const found = await search(model, texts, options);
  return { plan: planFileOf(found, documents), found, similarity, picture: drawSimilarity(similarity) };
}

/** The plans of a file, each with what it costs on the documents. Rejects with `plan-invalid`, `document-too-short` or `cancelled`. */
export async function checkPlans(
  { model }: ExplorableModel,
  documents: readonly NamedText[],
  { plans, ...file }: PlanFile,
  { signal, onProgress }: Omit<ExploreOptions, 'goal'>,
): Promise<PlanFile> {
  const { attention } = model.decoder.cut;
  const space = spaceOf(model);
  const texts = documents.map(({ name, text }) => createProbeText(model, text, name));
  const dense = await measureCost(model.decoder, densePlan(space.layers, space.heads), texts, signal);
  const checked: NamedPlan[] = [];
  for (const named of plans) {
    const plan = checkPlan({ units: named.units }, layerKinds(attention), space.heads);
    const cost = await measureCost(model.decoder, plan, texts, signal);
    checked.push({ ...named, check: checkOf(longSaving({ ...space, plan }), documents, dense, cost) });
    onProgress?.(checked.length, plans.length);
  }
  return { ...file, plans: checked };
}

function checkOf(saving: number, documents: readonly NamedText[], dense: PlanCost, plan: PlanCost): PlanCheck {
  return { saving, documents: documents.map(({ name }) => name), dense, plan };
}

async function similarityOf(model: Model, probe: AttentionProbe, [text]: readonly ProbeText[]): Promise<number[][][]> {
  const { attention } = model.decoder.cut;
  const plan = densePlan(attention.length, attention[0]?.keyValueHeads ?? 0);
  const cache = model.decoder.createCache(cacheShape(model, { plan, proximity: PROBE_PROXIMITY }));
  try {
    return await measureSimilarity(model.decoder, cache, probe, text?.ids ?? [], SIMILARITY);
  } finally {
    cache.clear();
  }
}

async function search(
  model: Model,
  texts: readonly ProbeText[],
  { goal, known, signal, onProgress }: ExploreOptions,
): Promise<Found> {
  const measure: Cost = (plan, sample) => measureCost(model.decoder, plan, sample ? texts.slice(0, 1) : texts, signal);
  const weights = `${model.name} ${model.weightBytes}`;
  const cost = known ? await remembering(measure, known, weights, texts) : measure;
  return searchPlan(spaceOf(model), { ...goal, delta: goal.delta ?? USUAL_DELTA }, cost, (done, total) =>
    onProgress?.(done, total),
  );
}

function spaceOf({ decoder: { cut } }: Model): SearchSpace {
  const { attention } = cut;
  return {
    layers: attention.length,
    heads: attention[0]?.keyValueHeads ?? 0,
    headSize: attention[0]?.headSize ?? 0,
    meanings: keyMeanings(attention),
    windows: attention.map(({ window }) => window),
  };
}

function planFileOf({ chosen, steps }: Found, documents: readonly NamedText[]): PlanFile {
  const dense = (steps[0] ?? chosen).cost;
  const plan = {
    id: EXPLORED,
    label: 'Explored',
    units: chosen.plan.units.map((row) => [...row]),
    sinks: SINKS,
    recent: RECENT,
    adapted: false,
    found: `explored on ${documents.map(({ name }) => name).join(', ')}; not adapted`,
    check: checkOf(chosen.saving, documents, dense, chosen.cost),
  };
  return { version: 2, plans: [plan] };
}
