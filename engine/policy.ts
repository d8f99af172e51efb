/** Which cache plan a document is read under, and what may be said of it. */
import { type CachePlan, checkPlan, densePlan, evenPlan, type LayerKind } from './cache/plan.ts';
import type { NamedPlan, PlanFile } from './cache/plan-file.ts';
import type { Proximity } from './cache/proximity.ts';
import type { PlanId, PlanOffer } from './engine.ts';
import { ProximaError } from './errors.ts';
import { type AttentionNode, keyMeanings } from './model/attention-node.ts';
import type { Model } from './model/model.ts';

export interface PolicyOptions {
  /** Left out: the first plan that the model brings, dense where it brings none. */
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

const DENSE: PlanOffer = { id: 'dense', label: 'dense', standing: 'all kept', check: null };
/** What there is for a model that brings no plan. */
const EVEN: PlanOffer = { id: 'pod', label: 'PoD', standing: 'unmeasured', check: null };

/** The plans that a model can be read under, the one that takes most first. */
export function plansOf({ planFile }: Pick<Model, 'planFile'>): PlanOffer[] {
  return [DENSE, ...(planFile?.plans.map(offerOf) ?? [EVEN])];
}

function offerOf({ id, label, adapted, check }: NamedPlan): PlanOffer {
  return { id, label, standing: adapted ? 'adapted' : check ? 'measured' : 'unmeasured', check: check ?? null };
}

/** What plans ask of a model's layers. */
export function layerKinds(attention: readonly AttentionNode[]): LayerKind[] {
  const meanings = keyMeanings(attention);
  return attention.map(({ window }, layer) => ({ meaning: meanings[layer] ?? '', window }));
}

/** Throws `plan-invalid` when there is no such plan, or when it does not fit the model. */
export function choosePolicy(model: Model, options: PolicyOptions = {}): Policy {
  const { attention } = model.decoder.cut;
  const heads = attention[0]?.keyValueHeads ?? 0;
  const plans = (options.planFile ?? model.planFile)?.plans;
  const name = options.policy ?? plans?.[0]?.id ?? DENSE.id;
  // Dense stands beside a plan, whose window is then meant.
  const named = plans?.find(({ id }) => id === name);
  const window = named ?? plans?.[0] ?? DEFAULT_PROXIMITY;
  const proximity = { sinks: options.sinks ?? window.sinks, recent: options.recent ?? window.recent };
  if (name === DENSE.id) {
    const found = 'every layer keeps its own keys';
    return { name, ...rest(DENSE), plan: densePlan(attention.length, heads), proximity, found };
  }
  if (named) {
    const plan = checkPlan({ units: named.units }, layerKinds(attention), heads);
    return { name, ...rest(offerOf(named)), plan, proximity, found: named.found };
  }
  if (plans || name !== EVEN.id) throw new ProximaError('plan-invalid', { reason: `there is none called ${name}` });
  const found = 'even blocks of consecutive layers; nobody has explored this model';
  const plan = evenPlan(keyMeanings(attention), heads, EVEN_BLOCKS);
  return { name, ...rest(EVEN), plan, proximity, found };
}

function rest({ label, standing }: PlanOffer): Pick<Policy, 'label' | 'standing'> {
  return { label, standing };
}
