/** Which cache plan a document is read under, and what may be said of it. */
import { longSaving } from './cache/memory.ts';
import { type CachePlan, checkPlan, densePlan, evenPlan, type LayerKind } from './cache/plan.ts';
import { joinPlans, type NamedPlan, type PlanFile, standingOf } from './cache/plan-file.ts';
import type { Proximity } from './cache/proximity.ts';
import type { PlanId, PlanOffer } from './engine.ts';
import { ProximaError } from './errors.ts';
import { type AttentionNode, keyMeanings } from './model/attention-node.ts';
import type { Model } from './model/model.ts';
import { usualPlanOf } from './plan-choice.ts';

export interface PolicyOptions {
  /** Left out: the first of a plan file that is given; else the usual one (`plan-choice.ts`), dense where there is none. */
  readonly policy?: PlanId | undefined;
  /** Instead of the model's own. */
  readonly planFile?: PlanFile | undefined;
  readonly sinks?: number | undefined;
  readonly recent?: number | undefined;
}

export interface Policy {
  readonly name: PlanId;
  readonly label: string;
  readonly plan: CachePlan;
  readonly proximity: Proximity;
  readonly standing: PlanOffer['standing'];
  /** How the plan came about, for people. */
  readonly found: string;
}

const DEFAULT_PROXIMITY: Proximity = { sinks: 16, recent: 256 };

/** Leaders that save about 35 % of a long document's cache: 0.3 of the layers. */
const EVEN_BLOCKS = 0.3;

const DENSE: Said & Pick<PlanOffer, 'id'> = {
  id: 'dense',
  label: 'dense',
  standing: 'all kept',
  found: 'every layer keeps its own keys',
};
/** What there is for a model that brings no plan. */
const EVEN: Said & Pick<PlanOffer, 'id'> = {
  id: 'pod',
  label: 'PoD',
  standing: 'unmeasured',
  found: 'even blocks of consecutive layers; nobody has explored this model',
};

type PlannedModel = Pick<Model, 'planFile'> & { readonly decoder: Pick<Model['decoder'], 'cut'> };

/** The plans that a model can be read under, the one that takes most first. */
export function plansOf(model: PlannedModel, planFile = model.planFile): PlanOffer[] {
  const { attention } = model.decoder.cut;
  const { layers, heads } = shapeOf(attention);
  const offer = (said: typeof DENSE, plan: CachePlan, measured: Measured = {}): PlanOffer => {
    const { check = null, evaluated = null } = measured;
    return { ...said, units: plan.units, saving: longSaving({ ...shapeOf(attention), plan }), check, evaluated };
  };
  const dense = offer(DENSE, densePlan(layers, heads));
  if (!planFile) return [dense, offer(EVEN, evenPlanOf(attention))];
  const offers = planFile.plans.map((named) =>
    offer({ id: named.id, ...said({ ...named, standing: standingOf(named) }) }, named, named),
  );
  return [dense, ...offers.toSorted((a, b) => a.saving - b.saving)];
}

type Measured = Pick<NamedPlan, 'check' | 'evaluated'>;

function shapeOf(attention: readonly AttentionNode[]) {
  const { keyValueHeads: heads = 0, headSize = 0 } = attention[0] ?? {};
  return { layers: attention.length, heads, headSize, windows: attention.map(({ window }) => window) };
}

function evenPlanOf(attention: readonly AttentionNode[]): CachePlan {
  return evenPlan(keyMeanings(attention), shapeOf(attention).heads, EVEN_BLOCKS);
}

/** The model with the plans that somebody has explored for it. onRefused: hears of a plan that does not fit, which is left out. */
export function withExplored(model: Model, explored: PlanFile | undefined, onRefused: (cause: unknown) => void): Model {
  const { attention } = model.decoder.cut;
  const fitting = explored?.plans.filter(({ units }) => {
    try {
      checkPlan({ units }, layerKinds(attention), shapeOf(attention).heads);
      return true;
    } catch (cause) {
      onRefused(cause);
      return false;
    }
  });
  return { ...model, planFile: joinPlans(model.planFile, fitting ?? []) };
}

/** What plans ask of a model's layers. */
export function layerKinds(attention: readonly AttentionNode[]): LayerKind[] {
  const meanings = keyMeanings(attention);
  return attention.map(({ window }, layer) => ({ meaning: meanings[layer] ?? '', window }));
}

/** Throws `plan-invalid` when there is no such plan, or when it does not fit the model. */
export function choosePolicy(model: Model, options: PolicyOptions = {}): Policy {
  const { attention } = model.decoder.cut;
  const { layers, heads } = shapeOf(attention);
  const planFile = options.planFile ?? model.planFile;
  const plans = planFile?.plans;
  const name = options.policy ?? options.planFile?.plans[0]?.id ?? (plans ? usualPlanOf(plansOf(model)) : DENSE.id);
  // Dense stands beside a plan, whose window is then meant.
  const named = plans?.find(({ id }) => id === name);
  const window = named ?? plans?.[0] ?? DEFAULT_PROXIMITY;
  const proximity = { sinks: options.sinks ?? window.sinks, recent: options.recent ?? window.recent };
  if (name === DENSE.id) return { name, ...said(DENSE), plan: densePlan(layers, heads), proximity };
  if (named) {
    const plan = checkPlan({ units: named.units }, layerKinds(attention), heads);
    return { name, ...said({ ...named, standing: standingOf(named) }), plan, proximity };
  }
  if (plans || name !== EVEN.id) throw new ProximaError('plan-invalid', { reason: `there is none called ${name}` });
  return { name, ...said(EVEN), plan: evenPlanOf(attention), proximity };
}

type Said = Pick<Policy, 'label' | 'standing' | 'found'>;

function said({ label, standing, found }: Said): Said {
  return { label, standing, found };
}
