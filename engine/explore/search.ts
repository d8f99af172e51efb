/**
 * Finds a plan by what following costs: each unit (a layer, or a KV head of one) is let follow alone, then all follow one after the other,
 * the cheapest first, as long as the whole stays within what may be lost or until enough is saved.
 */
import { longSaving } from '../cache/memory.ts';
import { type CachePlan, sharingPlan } from '../cache/plan.ts';
import type { PlanCost } from './plan-cost.ts';

export interface SearchSpace {
  readonly layers: number;
  readonly heads: number;
  readonly headSize: number;
  /** For each layer what its cached keys are made of: only layers with the same may share (`keyMeanings`). */
  readonly meanings: readonly string[];
  /** For each layer the tokens that its rows see; 0: all. */
  readonly windows: readonly number[];
}

export interface SearchGoal {
  /** Nats by which the loss may grow; no planted fact may be lost. */
  readonly delta?: number | undefined;
  /** Share of a long document's cache to be saved, 0–0.5. */
  readonly saving?: number | undefined;
}

export interface Step {
  readonly plan: CachePlan;
  readonly saving: number;
  readonly cost: PlanCost;
}

export interface Found {
  /** Best plan for the goal; dense where nothing may follow. */
  readonly chosen: Step;
  /** Each unit's loss when it follows alone, over dense. [layer][KV head] */
  readonly alone: readonly (readonly number[])[];
  /** Dense first, then one more follower each. */
  readonly steps: readonly Step[];
}

type Cost = (plan: CachePlan) => Promise<PlanCost>;
/** More units than this are taken layer by layer: each costs a reading. */
const MOST_UNITS = 64;

/** Every (layer, head) of `leading` leads itself; others follow the nearest leader before them whose keys mean the same. */
export function planOf(space: SearchSpace, leading: ReadonlySet<string>): CachePlan {
  const leaders: number[][] = [];
  for (let layer = 0; layer < space.layers; layer++)
    leaders.push(Array.from({ length: space.heads }, (_, head) => leaderOf(space, leading, layer, head)));
  return sharingPlan(leaders);
}

const unitName = (layer: number, head: number) => `${layer}:${head}`;

function leaderOf({ meanings }: SearchSpace, leading: ReadonlySet<string>, layer: number, head: number): number {
  for (let before = layer; before >= 0; before--)
    if (meanings[before] === meanings[layer] && leading.has(unitName(before, head))) return before;
  return layer;
}

export async function searchPlan(
  space: SearchSpace,
  goal: SearchGoal,
  cost: Cost,
  onProgress: (done: number, total: number) => void,
): Promise<Found> {
  const everyone = new Set(allUnits(space).flat());
  const units = unitsOf(space);
  let measured = 0;
  const step = async (leading: ReadonlySet<string>): Promise<Step> => {
    const plan = planOf(space, leading);
    const found = { plan, saving: longSaving({ ...space, plan }), cost: await cost(plan) };
    measured += 1;
    onProgress(measured, 2 * units.length + 1);
    return found;
  };
  const dense = await step(everyone);
  const alone = Array.from({ length: space.layers }, () => Array.from({ length: space.heads }, () => 0));
  const ranked: { unit: readonly string[]; loss: number }[] = [];
  for (const unit of units) {
    const loss = (await step(without(everyone, unit))).cost.loss - dense.cost.loss;
    ranked.push({ unit, loss });
    for (const name of unit) {
      const [layer = 0, head = 0] = name.split(':').map(Number);
      (alone[layer] as number[])[head] = loss;
    }
  }
  const steps = [dense];
  let leading: ReadonlySet<string> = everyone;
  for (const { unit } of ranked.sort((a, b) => a.loss - b.loss)) {
    leading = without(leading, unit);
    const next = await step(leading);
    steps.push(next);
    if (isEnough(goal, dense, next)) break;
  }
  return { chosen: choose(goal, dense, steps), alone, steps };
}

/** Whether going on can't make it better. */
function isEnough({ delta, saving }: SearchGoal, dense: Step, next: Step): boolean {
  if (saving !== undefined) return next.saving >= saving - 1e-9;
  return next.cost.loss - dense.cost.loss > 4 * (delta ?? 0);
}

function choose({ delta = 0, saving }: SearchGoal, dense: Step, steps: readonly Step[]): Step {
  if (saving !== undefined) return steps.at(-1) ?? dense;
  const harmless = ({ cost }: Step) => cost.loss - dense.cost.loss <= delta && cost.found >= dense.cost.found;
  return steps.findLast(harmless) ?? dense;
}

function without(leading: ReadonlySet<string>, unit: readonly string[]): Set<string> {
  return new Set([...leading].filter((name) => !unit.includes(name)));
}

/** By layer: its heads' names. */
function allUnits({ layers, heads }: SearchSpace): string[][] {
  return Array.from({ length: layers }, (_, layer) =>
    Array.from({ length: heads }, (_head, head) => unitName(layer, head)),
  );
}

/** What may follow: all but the first layers of each meaning. */
function unitsOf(space: SearchSpace): (readonly string[])[] {
  const following = allUnits(space).filter((_, layer) => space.meanings.indexOf(space.meanings[layer] ?? '') !== layer);
  return space.layers * space.heads > MOST_UNITS ? following : following.flat().map((name) => [name]);
}
