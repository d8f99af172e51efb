/** Costs that were measured before, so that no plan is measured twice on the same texts. */
import type { CachePlan } from '../cache/plan.ts';
import type { PlanCost } from './plan-cost.ts';
import type { ProbeText } from './probe-text.ts';
import type { Cost } from './search.ts';

export interface KnownCosts {
  get(key: string): PlanCost | undefined;
  set(key: string, cost: PlanCost): void;
}

/** Asks what is known first, and remembers what is measured. model: names the weights; texts: what `cost` measures on. */
export async function remembering(
  cost: Cost,
  known: KnownCosts,
  model: string,
  texts: readonly ProbeText[],
): Promise<Cost> {
  const [whole, part] = [await fingerprint([model, texts]), await fingerprint([model, texts.slice(0, 1)])];
  return async (plan: CachePlan, sample: boolean) => {
    const key = await fingerprint([sample ? part : whole, plan]);
    const before = known.get(key);
    if (before) return before;
    const measured = await cost(plan, sample);
    known.set(key, measured);
    return measured;
  };
}

async function fingerprint(content: unknown): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify(content)));
  return Array.from(new Uint8Array(digest).subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
