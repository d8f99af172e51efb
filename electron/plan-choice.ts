/** Which cache plans are offered, and which one is used where nobody chose. */
import type { PlanId, PlanOffer } from '../engine/engine.ts';

/** Plans whose cost is known, the one that takes most first. */
export function offeredPlans(plans: readonly PlanOffer[]): readonly PlanOffer[] {
  return plans.filter(({ standing }) => standing !== 'unmeasured');
}

/** The chosen plan where the model has it, else the one that the model was trained with, else the smallest. */
export function usualPlanOf(plans: readonly PlanOffer[], chosen: PlanId): PlanId {
  const offered = offeredPlans(plans);
  const adapted = offered.find(({ standing }) => standing === 'adapted');
  return (offered.find(({ id }) => id === chosen) ?? adapted ?? offered.at(-1))?.id ?? 'dense';
}
