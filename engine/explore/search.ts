/**
 * Finds a plan by buying bytes for loss. Every single change (a unit follows or streams; keys or values are rounded) is first measured
 * alone, on a sample; then all are made one after the other, the cheapest by the byte first, and each is measured on everything. A
 * change that costs too much is taken back.
 */
import type { Format, RoundedFormat } from '../cache/format.ts';
import { longSaving } from '../cache/memory.ts';
import type { CachePlan, UnitPlan } from '../cache/plan.ts';
import type { PlanCost } from './plan-cost.ts';

export interface SearchSpace {
  readonly layers: number;
  readonly heads: number;
  readonly headSize: number;
  /** For each layer what its cached keys are made of: only layers with the same may share (`keyMeanings`). */
  readonly meanings: readonly string[];
  /** For each layer the tokens that its rows see; 0: all. Others keep what they have. */
  readonly windows: readonly number[];
}

export interface SearchGoal {
  /** Nats by which the loss may grow; no planted fact may be lost. */
  readonly delta?: number | undefined;
  /** Share of a long document's cache to be saved at least, 0–1, whatever that costs. */
  readonly saving?: number | undefined;
}

/** One change to a plan. Units are named `layer:head`. */
export type Change =
  | { readonly role: 'follow' | 'stream'; readonly units: readonly string[] }
  | { readonly format: RoundedFormat; readonly part: 'keys' | 'values' };

export interface Step {
  readonly plan: CachePlan;
  readonly saving: number;
  readonly cost: PlanCost;
}

/** A change by itself: nats over dense on the sample, and the share of a long document's cache that it saves. */
export interface Tried {
  readonly change: Change;
  readonly loss: number;
  readonly saving: number;
}

export interface Found {
  /** Best plan for the goal; dense where nothing may change. */
  readonly chosen: Step;
  readonly alone: readonly Tried[];
  /** Dense first, then one more change each that was kept. */
  readonly steps: readonly Step[];
}

/** sample: on less than everything, for a first look. */
export type Cost = (plan: CachePlan, sample: boolean) => Promise<PlanCost>;

/** More units than this are taken layer by layer: each costs two readings. */
const MOST_UNITS = 64;

/** All changes so far. */
export interface Draft {
  readonly roles: ReadonlyMap<string, 'follow' | 'stream'>;
  readonly keys: Format;
  readonly values: Format;
}

export const DENSE_DRAFT: Draft = { roles: new Map(), keys: 'f16', values: 'f16' };

export function changed(draft: Draft, change: Change): Draft {
  if ('format' in change) return { ...draft, [change.part]: change.format };
  return { ...draft, roles: new Map([...draft.roles, ...change.units.map((unit) => [unit, change.role] as const)]) };
}

/** A unit that is to follow takes the nearest leader before it whose keys mean the same, and leads where there is none. */
export function planOf(space: SearchSpace, { roles, keys, values }: Draft): CachePlan {
  const units: UnitPlan[][] = [];
  const leaderOf = (layer: number, head: number) =>
    units.findLastIndex((row, before) => {
      return row[head]?.role === 'lead' && space.meanings[before] === space.meanings[layer];
    });
  for (let layer = 0; layer < space.layers; layer++) {
    const unitAt = (head: number): UnitPlan => {
      if (space.windows[layer] !== 0) return { role: 'lead', keys: 'f16', values: 'f16' };
      const role = roles.get(unitName(layer, head));
      if (role === 'stream') return { role };
      const leader = role === 'follow' ? leaderOf(layer, head) : -1;
      return leader >= 0 ? { role: 'follow', leader, values } : { role: 'lead', keys, values };
    };
    units.push(Array.from({ length: space.heads }, (_, head) => unitAt(head)));
  }
  return { units };
}

const unitName = (layer: number, head: number) => `${layer}:${head}`;

/** onProgress: plans that were measured, and how many at most. */
export async function searchPlan(
  space: SearchSpace,
  goal: SearchGoal,
  cost: Cost,
  onProgress: (done: number, total: number) => void,
): Promise<Found> {
  const changes = changesOf(space);
  let measured = 0;
  const step = async (draft: Draft, sample: boolean): Promise<Step> => {
    const plan = planOf(space, draft);
    const found = { plan, saving: longSaving({ ...space, plan }), cost: await cost(plan, sample) };
    measured += 1;
    onProgress(measured, 2 * changes.length + 2);
    return found;
  };
  const sampled = await step(DENSE_DRAFT, true);
  const alone: Tried[] = [];
  for (const change of changes) {
    const found = await step(changed(DENSE_DRAFT, change), true);
    alone.push({ change, loss: found.cost.loss - sampled.cost.loss, saving: found.saving });
  }
  const dense = await step(DENSE_DRAFT, false);
  const steps = [dense];
  let draft = DENSE_DRAFT;
  for (const { change } of alone.toSorted((a, b) => price(a) - price(b))) {
    const [last, next] = [steps.at(-1) ?? dense, changed(draft, change)];
    if (isEnough(goal, last)) break;
    if (longSaving({ ...space, plan: planOf(space, next) }) <= last.saving) continue;
    const found = await step(next, false);
    if (!isAllowed(goal, dense, found)) continue;
    steps.push(found);
    draft = next;
  }
  return { chosen: steps.at(-1) ?? dense, alone, steps };
}

/** Nats for all of the cache. */
function price({ loss, saving }: Tried): number {
  return saving > 0 ? loss / saving : Number.POSITIVE_INFINITY;
}

function isEnough({ saving }: SearchGoal, last: Step): boolean {
  return saving !== undefined && last.saving >= saving - 1e-9;
}

function isAllowed({ delta = 0, saving }: SearchGoal, dense: Step, { cost }: Step): boolean {
  if (saving !== undefined) return true;
  return cost.loss - dense.cost.loss <= delta && cost.found >= dense.cost.found;
}

/** Everything that may be changed: the roles of units, one by one or layer by layer, and the formats of all. */
function changesOf({ layers, heads, meanings, windows }: SearchSpace): Change[] {
  const names = (layer: number) => Array.from({ length: heads }, (_, head) => unitName(layer, head));
  const bounded = (layer: number) => windows[layer] !== 0;
  const roles = Array.from({ length: layers }, (_, layer) => layer).flatMap((layer) => {
    if (bounded(layer)) return [];
    const groups = layers * heads > MOST_UNITS ? [names(layer)] : names(layer).map((name) => [name]);
    const follows = meanings.indexOf(meanings[layer] ?? '') < layer;
    const possible = follows ? (['follow', 'stream'] as const) : (['stream'] as const);
    return groups.flatMap((units) => possible.map((role): Change => ({ role, units })));
  });
  const formats = (['values', 'keys'] as const).flatMap((part) =>
    (['int8', 'int4'] as const).map((format): Change => ({ part, format })),
  );
  return [...roles, ...formats];
}

/** As people read it. */
export function describeChange(change: Change): string {
  if ('format' in change) return `${change.part} in ${change.format}`;
  const [first = '', ...others] = change.units;
  const [layer, head] = first.split(':');
  const unit = others.length > 0 ? `layer ${layer}` : `layer ${layer}, KV head ${head}`;
  return `${unit} ${change.role === 'follow' ? 'follows' : 'streams'}`;
}
