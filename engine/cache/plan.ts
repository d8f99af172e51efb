/**
 * A cache plan says, for every layer and KV head, what is kept of distant tokens. A unit leads (own keys and values), follows
 * (own values, found by the keys of the same head in an earlier layer), or streams (nothing: it sees sinks and recent window
 * only). What is kept has a format. Where every unit leads in f16, the model is dense (pod.md, cache-plans.md).
 */
import { ProximaError } from '../errors.ts';
import type { Format } from './format.ts';

export type UnitPlan =
  | { readonly role: 'lead'; readonly keys: Format; readonly values: Format }
  | { readonly role: 'follow'; readonly leader: number; readonly values: Format }
  | { readonly role: 'stream' };

export interface CachePlan {
  /** [layer][KV head] */
  readonly units: readonly (readonly UnitPlan[])[];
}

/** What plans ask of a model's layers. */
export interface LayerKind {
  /** What its cached keys are made of: only keys that mean the same can stand in for each other. */
  readonly meaning: string;
  /** Tokens that a row sees, itself included; 0: all. */
  readonly window: number;
}

const LEADS: UnitPlan = { role: 'lead', keys: 'f16', values: 'f16' };

export function densePlan(layers: number, heads: number): CachePlan {
  return { units: Array.from({ length: layers }, () => Array.from({ length: heads }, () => LEADS)) };
}

/** Everything in f16, and `leaders[layer][head]` the layer whose keys stand in for a unit's own; those who name themselves lead. */
export function sharingPlan(leaders: readonly (readonly number[])[]): CachePlan {
  const unit = (leader: number, layer: number): UnitPlan =>
    leader === layer ? LEADS : { role: 'follow', leader, values: 'f16' };
  return { units: leaders.map((row, layer) => row.map((leader) => unit(leader, layer))) };
}

export function isDense({ units }: CachePlan): boolean {
  return units.flat().every((unit) => unit.role === 'lead' && unit.keys === 'f16' && unit.values === 'f16');
}

/** Number of units that keep keys for distant tokens: B of pod.md. */
export function leaderCount({ units }: CachePlan): number {
  return units.flat().filter(({ role }) => role === 'lead').length;
}

/**
 * Blocks of consecutive layers, each led by its first, as even as possible, among the layers whose keys mean the same; `share` of
 * them lead. It knows no more of the model than that: it is what there is when nobody has explored one, and must be labelled so.
 */
export function evenPlan(meanings: readonly string[], heads: number, share: number): CachePlan {
  const leaders = meanings.map((meaning, layer) => {
    const alike = [...meanings.keys()].filter((other) => meanings[other] === meaning);
    const blocks = Math.max(1, Math.floor(alike.length * share));
    const block = Math.floor((alike.indexOf(layer) * blocks) / alike.length);
    return alike[Math.ceil((block * alike.length) / blocks)] ?? layer;
  });
  return sharingPlan(leaders.map((leader) => Array.from({ length: heads }, () => leader)));
}

/**
 * Throws `plan-invalid` unless the plan fits the model: every leader leads, comes earlier and turns its keys as its follower does,
 * and layers that end at a local window, behind which nothing is distant, keep all of it in f16.
 */
export function checkPlan(plan: CachePlan, layers: readonly LayerKind[], heads: number): CachePlan {
  const { units } = plan;
  if (units.length !== layers.length) refuse(`names ${units.length} layers, the model has ${layers.length}`);
  for (const [layer, row] of units.entries()) {
    if (row.length !== heads) refuse(`names ${row.length} KV heads for layer ${layer}, the model has ${heads}`);
    for (const [head, unit] of row.entries()) {
      const fault = unit.role === 'follow' ? leaderFault(plan, layers, layer, head, unit.leader) : undefined;
      if (fault) refuse(fault);
    }
    if (layers[layer]?.window !== 0 && !isDense({ units: [row] }))
      refuse(`cuts layer ${layer}, which ends at a window as it is`);
  }
  return plan;
}

function leaderFault(
  { units }: CachePlan,
  layers: readonly LayerKind[],
  layer: number,
  head: number,
  leader: number,
): string | undefined {
  const given = `gives layer ${layer} the leader ${leader}`;
  const role = units[leader]?.[head]?.role;
  if (!(leader >= 0 && leader < layer)) return `${given}, which does not come before it`;
  if (role === 'follow') return `${given}, which follows another`;
  if (role === 'stream') return `${given}, which keeps no distant keys`;
  return layers[leader]?.meaning === layers[layer]?.meaning
    ? undefined
    : `${given}, whose keys are turned in another way`;
}

function refuse(cause: string): never {
  throw new ProximaError('plan-invalid', { reason: `it ${cause}` });
}

/** A unit in a few letters: `lead`, `5` (its leader), `·` (streams), with the formats where they are not f16. */
export function describeUnit(unit: UnitPlan): string {
  if (unit.role === 'stream') return '·';
  const formats = unit.role === 'lead' ? [unit.keys, unit.values] : [unit.values];
  const name = unit.role === 'lead' ? 'lead' : String(unit.leader);
  return formats.every((format) => format === 'f16') ? name : `${name}:${[...new Set(formats)].join('/')}`;
}

/** A line a layer, a word a KV head. */
export function describePlan({ units }: CachePlan): string[] {
  return units.map((row, layer) => `${layer}: ${row.map(describeUnit).join(' ')}`);
}
