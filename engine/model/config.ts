/** What a model folder's config files say, checked before anything is trusted. */
import { z } from 'zod';
import { ProximaError } from '../errors.ts';
import { type ModelFolder, readText } from './source.ts';

const tokenIds = z.union([z.number().int(), z.array(z.number().int())]);

const count = z.number().int().positive();

const ropeSchema = z
  .looseObject({
    rope_type: z.string().nullish(),
    type: z.string().nullish(),
    original_max_position_embeddings: count.nullish(),
  })
  .nullish();

const configSchema = z.object({
  model_type: z.string(),
  max_position_embeddings: count,
  vocab_size: count,
  num_hidden_layers: count,
  hidden_size: count.nullish(),
  num_attention_heads: count.nullish(),
  head_dim: count.nullish(),
  original_max_position_embeddings: count.nullish(),
  rope_scaling: ropeSchema,
  rope_parameters: ropeSchema,
  bos_token_id: tokenIds.nullish(),
  eos_token_id: tokenIds.nullish(),
});

type ConfigFile = z.infer<typeof configSchema>;

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
  /** Elements of a head; undefined where the file says nothing of it. */
  readonly headSize: number | undefined;
  /** LongRoPE: tokens of the longest text whose keys are turned by the short factors; undefined for other models. */
  readonly shortContextTokens: number | undefined;
  /** Ids after which an answer is over, from all the files that name some; the tokenizer's is added when a model is loaded. */
  readonly stopTokens: ReadonlySet<number>;
  readonly sampling: { temperature: number; topK: number; topP: number; repetitionPenalty: number };
}

/** What `transformers` takes where a model samples and does not say of how many. */
const USUAL_TOP_K = 50;

/** What the config says of a graph where the graph itself leaves it open. */
export type GraphHints = Partial<Pick<ModelConfig, 'contextTokens' | 'headSize' | 'shortContextTokens'>>;

/** Models that also see or hear keep what is said of their language model one level down. */
const nestedSchema = z
  .looseObject({ text_config: z.looseObject({}).nullish() })
  .transform(({ text_config, ...outer }) => {
    const inner = Object.entries(text_config ?? {}).filter(([, value]) => value !== null);
    return { ...outer, ...Object.fromEntries(inner) };
  });

/** Throws `model-missing` or `model-damaged`. */
export async function readConfig(folder: ModelFolder): Promise<ModelConfig> {
  const config = await parse(folder, 'config.json', nestedSchema.pipe(configSchema));
  const generation = (await folder.has('generation_config.json'))
    ? await parse(folder, 'generation_config.json', generationSchema)
    : {};
  const sampled = generation.do_sample === true;
  return {
    modelType: config.model_type,
    contextTokens: config.max_position_embeddings,
    vocabulary: config.vocab_size,
    layers: config.num_hidden_layers,
    headSize: headSizeOf(config),
    shortContextTokens: shortContextOf(config),
    stopTokens: new Set([config.eos_token_id ?? [], generation.eos_token_id ?? []].flat()),
    sampling: {
      temperature: sampled ? (generation.temperature ?? 1) : 0,
      topK: generation.top_k ?? (sampled ? USUAL_TOP_K : 0),
      topP: generation.top_p ?? 1,
      repetitionPenalty: generation.repetition_penalty ?? 1,
    },
  };
}

function headSizeOf({ head_dim, hidden_size, num_attention_heads }: ConfigFile): number | undefined {
  return head_dim ?? (hidden_size && num_attention_heads ? hidden_size / num_attention_heads : undefined);
}

/** Phi's early files call LongRoPE "su". */
function shortContextOf({ original_max_position_embeddings, rope_scaling, rope_parameters }: ConfigFile) {
  const rope = rope_scaling ?? rope_parameters;
  const kind = rope?.rope_type ?? rope?.type;
  if (kind !== 'longrope' && kind !== 'su') return undefined;
  return original_max_position_embeddings ?? rope?.original_max_position_embeddings ?? undefined;
}

async function isNested(folder: ModelFolder, path: string): Promise<boolean> {
  return /"text_config"\s*:\s*\{/.test(await readText(folder, path));
}

async function parse<T>(folder: ModelFolder, path: string, schema: z.ZodType<T>): Promise<T> {
  if (!(await folder.has(path))) {
    throw new ProximaError('model-missing', { place: folder.name, lacks: `it has no ${path}` });
  }
  try {
    return schema.parse(JSON.parse(await readText(folder, path)));
  } catch (cause) {
    const [issue] = cause instanceof z.ZodError ? cause.issues : [];
    if (issue && (await isNested(folder, path))) {
      throw new ProximaError('model-unsupported', { feature: 'nested config', lacks: issue.path.join('.') });
    }
    const reason = issue ? `${issue.path.join('.')}: ${issue.message}` : 'it is no JSON';
    throw new ProximaError('model-damaged', { part: path, reason });
  }
}
