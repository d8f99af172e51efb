/** What a model folder's config files say, checked before anything is trusted. */
import { z } from 'zod';
import { ProximaError } from '../errors.ts';
import { type ModelFolder, readText } from './source.ts';

const tokenIds = z.union([z.number().int(), z.array(z.number().int())]);

const configSchema = z.object({
  model_type: z.string(),
  max_position_embeddings: z.number().int().positive(),
  vocab_size: z.number().int().positive(),
  num_hidden_layers: z.number().int().positive(),
  bos_token_id: tokenIds.nullish(),
  eos_token_id: tokenIds.nullish(),
});

const generationSchema = z.object({
  eos_token_id: tokenIds.nullish(),
  do_sample: z.boolean().nullish(),
  temperature: z.number().nullish(),
  top_k: z.number().nullish(),
  top_p: z.number().nullish(),
  repetition_penalty: z.number().nullish(),
});

export interface ModelConfig {
  readonly modelType: string;
  /** Positions the files allow, in tokens. */
  readonly contextTokens: number;
  readonly vocabulary: number;
  readonly layers: number;
  /** Ids after which an answer is over, from all the files that name some; the tokenizer's is added when a model is loaded. */
  readonly stopTokens: ReadonlySet<number>;
  readonly sampling: { temperature: number; topK: number; topP: number; repetitionPenalty: number };
}

/** What `transformers` takes where a model samples and does not say of how many. */
const USUAL_TOP_K = 50;

/** Throws `model-missing` or `model-damaged`. */
export async function readConfig(folder: ModelFolder): Promise<ModelConfig> {
  const config = await parse(folder, 'config.json', configSchema);
  const generation = (await folder.has('generation_config.json'))
    ? await parse(folder, 'generation_config.json', generationSchema)
    : {};
  const sampled = generation.do_sample === true;
  return {
    modelType: config.model_type,
    contextTokens: config.max_position_embeddings,
    vocabulary: config.vocab_size,
    layers: config.num_hidden_layers,
    stopTokens: new Set([config.eos_token_id ?? [], generation.eos_token_id ?? []].flat()),
    sampling: {
      temperature: sampled ? (generation.temperature ?? 1) : 0,
      topK: generation.top_k ?? (sampled ? USUAL_TOP_K : 0),
      topP: generation.top_p ?? 1,
      repetitionPenalty: generation.repetition_penalty ?? 1,
    },
  };
}

async function parse<T>(folder: ModelFolder, path: string, schema: z.ZodType<T>): Promise<T> {
  if (!(await folder.has(path))) {
    throw new ProximaError('model-missing', { place: folder.name, lacks: `it has no ${path}` });
  }
  try {
    return schema.parse(JSON.parse(await readText(folder, path)));
  } catch (cause) {
    const first = cause instanceof z.ZodError ? `: ${cause.issues[0]?.path.join('.')} ${cause.issues[0]?.message}` : '';
    throw new ProximaError('model-damaged', { part: path, reason: first });
  }
}
