/**
 * A sharing plan says, for every layer and KV head, whose keys stand in for distant tokens: `leaders[layer][head]` is
 * the leader layer, at most the layer itself. Where every layer leads itself, the model is dense (pod.md, Definitions).
 */
import { z } from 'zod';
import { ProximaError } from '../errors.ts';

export interface SharingPlan {
  readonly leaders: readonly (readonly number[])[];
}

/** How many tokens at the start and at the end keep their own keys everywhere. */
export interface Proximity {
  readonly sinks: number;
  readonly recent: number;
}

/**
 * The recent window moves in steps of this many tokens, so that where it stands depends on a token's position alone and
 * never on how a document was cut into chunks. A query sees full keys for its `recent` predecessors or up to one step more.
 */
export const WINDOW_STEP = 256;

/** The first token that is not distant for a query at `position`; everything from the sinks up to it is distant. */
export function recentStart(position: number, { sinks, recent }: Proximity): number {
  const step = position - (position % WINDOW_STEP);
  return Math.max(sinks, step - recent);
}

export function densePlan(layers: number, heads: number): SharingPlan {
  return { leaders: Array.from({ length: layers }, (_, layer) => Array.from({ length: heads }, () => layer)) };
}

export function isDense(plan: SharingPlan): boolean {
  return plan.leaders.every((heads, layer) => heads.every((leader) => leader === layer));
}

/** Number of (layer, head) pairs that keep keys for distant tokens: B of pod.md. */
export function leaderCount(plan: SharingPlan): number {
  return plan.leaders.reduce((sum, heads, layer) => sum + heads.filter((leader) => leader === layer).length, 0);
}

/**
 * Blocks of consecutive layers, each led by its first, as even as possible, among the layers whose keys mean the same; `share` of
 * them lead. It knows no more of the model than that: it is what there is when nobody has explored one, and must be labelled so.
 */
export function evenPlan(meanings: readonly string[], heads: number, share: number): SharingPlan {
  const leaders = meanings.map((meaning, layer) => {
    const alike = [...meanings.keys()].filter((other) => meanings[other] === meaning);
    const blocks = Math.max(1, Math.floor(alike.length * share));
    const block = Math.floor((alike.indexOf(layer) * blocks) / alike.length);
    return alike[Math.ceil((block * alike.length) / blocks)] ?? layer;
  });
  return { leaders: leaders.map((leader) => Array.from({ length: heads }, () => leader)) };
}

/**
 * Throws `plan-invalid` unless the plan fits the model and each leader leads itself. meanings: for each layer what its cached keys
 * are made of; only keys that mean the same can stand in for each other.
 */
export function checkPlan(plan: SharingPlan, meanings: readonly string[], heads: number): SharingPlan {
  const layers = meanings.length;
  if (plan.leaders.length !== layers) refuse(`names ${plan.leaders.length} layers, the model has ${layers}`);
  for (const [layer, row] of plan.leaders.entries()) {
    if (row.length !== heads) refuse(`names ${row.length} KV heads for layer ${layer}, the model has ${heads}`);
    for (const [head, leader] of row.entries()) {
      const fault = faultOf(plan, meanings, layer, head);
      if (fault) refuse(`gives layer ${layer} the leader ${leader}, ${fault}`);
    }
  }
  return plan;
}

function faultOf(
  { leaders }: SharingPlan,
  meanings: readonly string[],
  layer: number,
  head: number,
): string | undefined {
  const leader = leaders[layer]?.[head] ?? -1;
  if (!(leader >= 0 && leader <= layer)) return 'which comes after it';
  if (leaders[leader]?.[head] !== leader) return 'which follows another';
  return meanings[leader] === meanings[layer] ? undefined : 'whose keys are turned in another way';
}

function refuse(cause: string): never {
  throw new ProximaError('plan-invalid', { reason: `it ${cause}` });
}

const count = z.number().int().nonnegative();

const cost = z.object({ loss: z.number(), perplexity: z.number(), found: count, planted: count });

/** What a plan that a model was not trained under costs, measured on the reader's own documents (`explore`). */
const checkSchema = z.object({
  /** Share of a long document's cache that it saves. */
  saving: z.number().min(0).max(0.5),
  documents: z.array(z.string()),
  dense: cost,
  plan: cost,
});

export type PlanCheck = z.infer<typeof checkSchema>;

/** `pod.json`: a plan with the window it was made for and how it was found. */
export const planFileSchema = z.object({
  version: z.literal(1),
  leaders: z.array(z.array(count)),
  sinks: count,
  recent: count,
  adapted: z.boolean(),
  found: z.string(),
  check: checkSchema.optional(),
});

export type PlanFile = z.infer<typeof planFileSchema>;

export function parsePlanFile(text: string, name: string): PlanFile {
  try {
    return planFileSchema.parse(JSON.parse(text));
  } catch {
    throw new ProximaError('plan-invalid', { reason: `${name} is no plan file` });
  }
}
