/** What cache plans are called on the screen. */
import type { PlanId } from '../engine/engine.ts';
import { strings } from './strings.ts';

/** The two that every model may have bear names of their own. */
export function planName(plan: PlanId): string {
  return (strings.compare.plans as Readonly<Record<PlanId, string>>)[plan] ?? plan;
}

export function planSentence(plan: PlanId): string {
  return (strings.fit.plans as Readonly<Record<PlanId, string>>)[plan] ?? plan;
}
