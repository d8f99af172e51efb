/** Which sharing plan a document is read under, and what may be said of it. */
import {
  checkPlan,
  densePlan,
  evenPlan,
  type PlanFile,
  type Proximity,
  type SharingPlan,
} from './cache/sharing-plan.ts';
import type { PlanId, PlanOffer } from './engine.ts';
import { keyMeanings } from './model/attention-node.ts';
import type { Model } from './model/model.ts';

export interface PolicyOptions {
  /** Left out: PoD where the model brings a plan, dense otherwise. */
  readonly policy?: PlanId | undefined;
  readonly planFile?: PlanFile | undefined;
  readonly sinks?: number | undefined;
  readonly recent?: number | undefined;
}

export interface Policy {
  readonly name: PlanId;
  readonly plan: SharingPlan;
  readonly proximity: Proximity;
  /** Whether the model was trained under this plan; a plan that it was not adapted to can cost answers. */
  readonly adapted: boolean;
  readonly found: string;
}

const DEFAULT_PROXIMITY: Proximity = { sinks: 16, recent: 256 };

/** Leaders that save about 35 % of a long document's cache: 0.3 of the layers. */
const EVEN_BLOCKS = 0.3;

/** The plans that a model can be read under, the one that takes most first. */
export function plansOf({ planFile }: Pick<Model, 'planFile'>): PlanOffer[] {
  const check = planFile?.check ?? null;
  const standing = planFile?.adapted ? 'adapted' : check ? 'measured' : 'unmeasured';
  return [
    { id: 'dense', standing: 'all kept', check: null },
    { id: 'pod', standing, check },
  ];
}

/** Throws `plan-invalid` when the plan does not fit the model. */
export function choosePolicy(model: Model, options: PolicyOptions = {}): Policy {
  const { attention } = model.decoder.cut;
  const meanings = keyMeanings(attention);
  const heads = attention[0]?.keyValueHeads ?? 0;
  const file = options.planFile ?? model.planFile;
  const proximity = {
    sinks: options.sinks ?? file?.sinks ?? DEFAULT_PROXIMITY.sinks,
    recent: options.recent ?? file?.recent ?? DEFAULT_PROXIMITY.recent,
  };
  const name = options.policy ?? (file ? 'pod' : 'dense');
  if (name === 'dense')
    return {
      name,
      plan: densePlan(attention.length, heads),
      proximity,
      adapted: true,
      found: 'every layer keeps its own keys',
    };
  if (file)
    return {
      name,
      plan: checkPlan({ leaders: file.leaders }, meanings, heads),
      proximity,
      adapted: file.adapted,
      found: file.found,
    };
  return {
    name,
    plan: evenPlan(meanings, heads, EVEN_BLOCKS),
    proximity,
    adapted: false,
    found: 'even blocks of consecutive layers; nobody has explored this model',
  };
}
