/** What cache plans are called on the screen. */
import type { PlanId, PlanOffer } from '../engine/engine.ts';
import { strings } from './strings.ts';

/** The two that every model may have bear names of their own; others are called as the model's plan file says. */
export function planName(plan: PlanId, offers: readonly PlanOffer[]): string {
  return (strings.compare.plans as Readonly<Record<PlanId, string>>)[plan] ?? labelOf(plan, offers);
}

export function planSentence(plan: PlanId, offers: readonly PlanOffer[]): string {
  return (strings.fit.plans as Readonly<Record<PlanId, string>>)[plan] ?? labelOf(plan, offers);
}

function labelOf(plan: PlanId, offers: readonly PlanOffer[]): string {
  return offers.find(({ id }) => id === plan)?.label ?? plan;
}
