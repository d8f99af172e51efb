/** Which cache plans are offered, and which one is used where nobody chose. */
import type { PlanId, PlanOffer } from './engine.ts';

/** Plans whose cost is known, the one that takes most first. */
export function offeredPlans(plans: readonly PlanOffer[]): readonly PlanOffer[] {
  return plans.filter(({ standing }) => standing !== 'unmeasured');
}

/**
 * The chosen plan where the model has it; else the smallest of those that lose nothing, since the model was trained under them or
 * answers as many questions right as dense; else the smallest whose cost is known.
 */
export function usualPlanOf(plans: readonly PlanOffer[], chosen?: PlanId): PlanId {
  const offered = offeredPlans(plans);
  const lossless = offered.filter(({ standing }) => standing === 'adapted' || standing === 'as good as dense');
  return (offered.find(({ id }) => id === chosen) ?? lossless.at(-1) ?? offered.at(-1))?.id ?? 'dense';
}

/** Dense, and what it is compared with: the plan at hand, the usual one where that is dense itself. */
export function comparedPlansOf(plans: readonly PlanOffer[], used: PlanId): PlanId[] {
  const other = used === 'dense' ? usualPlanOf(plans) : used;
  return other === 'dense' ? [other] : ['dense', other];
}
