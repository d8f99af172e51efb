/** Whether PoD may be offered for a model: where it was trained under its plan, or where somebody has measured what the plan costs. */
import type { PlanCheck } from '../engine/cache/sharing-plan.ts';

export interface PlanState {
  readonly plan: 'none' | 'adapted' | 'not adapted';
  readonly check: PlanCheck | null;
}

export function offersPod(model: PlanState | null): boolean {
  if (!model) return false;
  return model.plan === 'adapted' || (model.plan === 'not adapted' && model.check !== null);
}
