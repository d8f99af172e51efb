/**
 * `pod.json`: the plans that a model can be read under beside dense, the one that takes most first, each with the window that it
 * was made for and what is known of its cost. Version 1 held one plan, its leaders alone, in f16.
 */
import { z } from 'zod';
import { ProximaError } from '../errors.ts';
import { FORMATS } from './format.ts';
import { sharingPlan } from './plan.ts';

const count = z.number().int().nonnegative();
const format = z.enum(FORMATS);

const cost = z.object({ loss: z.number(), perplexity: z.number(), found: count, planted: count });

/** What a plan that a model was not trained under costs, measured on the reader's own documents (`explore`). */
const checkSchema = z.object({
  /** Share of a long document's cache that it saves. */
  saving: z.number().min(0).max(1),
  documents: z.array(z.string()),
  dense: cost,
  plan: cost,
});

export type PlanCheck = z.infer<typeof checkSchema>;

/** Of so many questions about long documents, those that were answered right dense and under the plan (`npm run eval`). */
const evaluationSchema = z
  .object({ questions: count, dense: count, plan: count, longestTokens: count })
  .refine(({ questions, dense, plan }) => dense <= questions && plan <= questions);

export type PlanEvaluation = z.infer<typeof evaluationSchema>;

/** What every plan of any version says beside its units. */
const madeFor = {
  sinks: count,
  recent: count,
  adapted: z.boolean(),
  found: z.string(),
  check: checkSchema.optional(),
  evaluated: evaluationSchema.optional(),
};

const unitSchema = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('lead'), keys: format, values: format }),
  z.strictObject({ role: z.literal('follow'), leader: count, values: format }),
  z.strictObject({ role: z.literal('stream') }),
]);

const namedPlanSchema = z.object({
  /** Names the plan wherever it is chosen; 'dense' is the model's own. */
  id: z
    .string()
    .regex(/^[\w.-]{1,100}$/)
    .refine((id) => id !== 'dense'),
  /** As people read it: nothing in it that a terminal would obey. */
  label: z.string().regex(/^\P{C}{1,100}$/u),
  /** [layer][KV head] */
  units: z.array(z.array(unitSchema)),
  ...madeFor,
});

export type NamedPlan = z.infer<typeof namedPlanSchema>;

const distinct = (plans: readonly { readonly id: string }[]) =>
  new Set(plans.map(({ id }) => id)).size === plans.length;

export const planFileSchema = z.object({
  version: z.literal(2),
  plans: z.array(namedPlanSchema).min(1).refine(distinct),
});

export type PlanFile = z.infer<typeof planFileSchema>;

const firstVersion = z
  .object({ version: z.literal(1), leaders: z.array(z.array(count)), ...madeFor })
  .transform(({ leaders, version: _, ...rest }) => {
    const units = sharingPlan(leaders).units.map((row) => [...row]);
    return { version: 2 as const, plans: [{ id: 'pod', label: 'PoD', units, ...rest }] };
  });

/** Of 100 questions one may be lost by a plan that counts as good as dense. */
const SAME = 0.01;

/** What is known of a plan's cost (`engine.ts`, `PlanOffer`). */
export function standingOf({ adapted, check, evaluated }: Pick<NamedPlan, 'adapted' | 'check' | 'evaluated'>) {
  if (adapted) return 'adapted';
  if (evaluated && isAsGood(evaluated)) return 'as good as dense';
  return check || evaluated ? 'measured' : 'unmeasured';
}

function isAsGood({ questions, dense, plan }: PlanEvaluation): boolean {
  return questions > 0 && dense - plan <= SAME * questions;
}

/** The plans of both; one of the second stands for one of the first that bears its id. */
export function joinPlans(own: PlanFile | undefined, more: readonly NamedPlan[]): PlanFile | undefined {
  const ids = new Set(more.map(({ id }) => id));
  const plans = [...(own?.plans.filter(({ id }) => !ids.has(id)) ?? []), ...more];
  return plans.length === 0 ? undefined : { version: 2, plans };
}

/** Throws `plan-invalid`. */
export function parsePlanFile(text: string, name: string): PlanFile {
  try {
    return z.union([planFileSchema, firstVersion]).parse(JSON.parse(text));
  } catch {
    throw new ProximaError('plan-invalid', { reason: `${name} is no plan file` });
  }
}
