/** Models that are good at reading on personal cards: what is known of them before anything is fetched. */
import { z } from 'zod';

const positive = z.number().int().positive();

export const catalogueSchema = z.object({
  version: z.literal(1),
  note: z.string(),
  models: z.array(
    z.object({
      title: z.string(),
      repository: z.string().regex(/^[\w.-]+\/[\w.-]+$/),
      licence: z.string(),
      contextTokens: positive,
      layers: positive,
      /** Layers that see all of a document, where others see only a window; left out: all. */
      unboundedLayers: positive.optional(),
      keyValueHeads: positive,
      headSize: positive,
      /** What is expected of its graphs today. */
      state: z.enum(['expected', 'untried', 'not yet']),
      because: z.string().nullable(),
    }),
  ),
});

export type CatalogueModel = z.infer<typeof catalogueSchema>['models'][number];

const HALF_BYTES = 2;
const THOUSAND = 1000;
/** Share of the layers that lead in a plan that costs little in most models (pod.md): PoD's bytes are told for it. */
const LEADING = 1 / 4;

/** KV bytes of 1,000 tokens in a long document: dense, and under PoD with a quarter of the layers leading. */
export function cacheBytesPerThousand(
  model: Pick<CatalogueModel, 'layers' | 'keyValueHeads' | 'headSize' | 'unboundedLayers'>,
): {
  dense: number;
  pod: number;
} {
  const dense =
    (model.unboundedLayers ?? model.layers) * model.keyValueHeads * model.headSize * 2 * HALF_BYTES * THOUSAND;
  return { dense, pod: dense * (1 - 0.5 * (1 - LEADING)) };
}
