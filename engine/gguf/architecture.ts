/**
 * What GGUF's keys say about a decoder, for the architectures that Proxima takes. Where an architecture has a number that its keys
 * leave out (Gemma's windows, the scale of the largest Gemmas), it is llama.cpp's, for which the files are written.
 */
import { ProximaError } from '../errors.ts';
import { KeyReader } from './key-reader.ts';
import { damagedGguf, type Gguf, legible } from './read-gguf.ts';
import { type RotaryFactors, type RotaryPlan, readRotary } from './rotary.ts';

/** A decoder. Sizes in elements, windows in tokens with the row's own (0: all before it). */
export interface GgufDecoder {
  readonly architecture: string;
  /** As `transformers` calls it. */
  readonly modelType: string;
  readonly layers: number;
  readonly hidden: number;
  readonly intermediate: number;
  readonly queryHeads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly epsilon: number;
  readonly contextTokens: number;
  readonly rotary: RotaryPlan;
  readonly windows: readonly number[];
  /** Layers that are turned by `rotary.local`, where there is one. */
  readonly local: readonly boolean[];
  /** Layers without a position are not turned. */
  readonly turned: readonly boolean[];
  /** Of queries times keys. */
  readonly attentionScale: number;
  /** 0: none. */
  readonly attentionSoftcap: number;
  readonly logitSoftcap: number;
  readonly embeddingScale: number;
  readonly residualScale: number;
  /** What logits are divided by. */
  readonly logitDivisor: number;
  readonly activation: 'silu' | 'gelu';
  /** Norms behind attention and feed-forward too. */
  readonly sandwich: boolean;
  /** Rows of query and key projections lie pair by pair, not half by half. */
  readonly paired: boolean;
  /** Norms of each head's query and key. */
  readonly headNorms: boolean;
  /** q, k and v in one matrix, and both feed-forward matrices that go in. */
  readonly fused: boolean;
}

type Particulars = Partial<
  Pick<
    GgufDecoder,
    | 'attentionScale'
    | 'attentionSoftcap'
    | 'logitSoftcap'
    | 'embeddingScale'
    | 'residualScale'
    | 'logitDivisor'
    | 'activation'
    | 'sandwich'
    | 'paired'
    | 'fused'
    | 'headNorms'
    | 'windows'
    | 'turned'
  >
> & { readonly localBase?: number | undefined };

/** What all architectures say. */
type Common = Pick<GgufDecoder, 'layers' | 'hidden' | 'queryHeads' | 'headSize' | 'contextTokens'>;

interface Architecture {
  readonly modelType: string;
  readonly particulars: (keys: KeyReader, common: Common) => Particulars;
}

/** Beyond these no decoder goes; they bound what is allocated before tensors are looked at. */
const MOST_LAYERS = 1024;
const MOST_ELEMENTS = 1 << 20;

const GEMMA2_WINDOW = 4096;
const GEMMA3_LOCAL_BASE = 10_000;
const SMOLLM3_STEP = 4;

const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  llama: {
    modelType: 'llama',
    particulars: (keys, common) => ({
      paired: true,
      windows: everyLayer(common, keys.number('attention.sliding_window', 0)),
      attentionScale: keys.number('attention.scale', 0),
    }),
  },
  qwen2: { modelType: 'qwen2', particulars: () => ({}) },
  qwen3: { modelType: 'qwen3', particulars: () => ({ headNorms: true }) },
  gemma2: {
    modelType: 'gemma2',
    particulars: (keys, common) => ({
      ...gemma(common, 46),
      attentionSoftcap: keys.number('attn_logit_softcapping', 0),
      logitSoftcap: keys.number('final_logit_softcapping', 0),
      windows: localLayers(keys, common, keys.number('attention.sliding_window', GEMMA2_WINDOW), 2),
      localBase: optional(keys.number('rope.freq_base_swa', 0)),
    }),
  },
  gemma3: {
    modelType: 'gemma3_text',
    particulars: (keys, common) => ({
      ...gemma(common, 62),
      headNorms: true,
      logitSoftcap: keys.number('final_logit_softcapping', 0),
      windows: localLayers(keys, common, keys.number('attention.sliding_window', 0), 6),
      localBase: keys.number('rope.freq_base_swa', GEMMA3_LOCAL_BASE),
    }),
  },
  phi3: {
    modelType: 'phi3',
    particulars: (keys, common) => ({
      fused: true,
      windows: everyLayer(common, keys.number('attention.sliding_window', 0)),
    }),
  },
  smollm3: {
    modelType: 'smollm3',
    particulars: (_, { layers }) => ({
      paired: true,
      turned: Array.from({ length: layers }, (_each, layer) => (layer + 1) % SMOLLM3_STEP !== 0),
    }),
  },
  granite: {
    modelType: 'granite',
    particulars: (keys) => {
      keys.only('rope.scaling.finetuned', true);
      return {
        paired: true,
        attentionScale: keys.number('attention.scale', 0),
        embeddingScale: keys.number('embedding_scale', 1),
        residualScale: keys.number('residual_scale', 1),
        logitDivisor: keys.number('logit_scale', 1),
      };
    },
  },
};

/** Throws `gguf-damaged`, or `gguf-unsupported` for an architecture or a key that is not understood. */
export function readDecoder(gguf: Gguf, factors: RotaryFactors): GgufDecoder {
  const architecture = architectureOf(gguf);
  const { modelType, particulars } = ARCHITECTURES[architecture] as Architecture;
  const keys = new KeyReader(gguf, `${architecture}.`);
  const { turnedSize, ...common } = readCommon(keys);
  const { localBase, ...own } = particulars(keys, common);
  check(gguf, { ...common, turnedSize }, own);
  const rotary = readRotary(keys, turnedSize, common.contextTokens, factors, localBase);
  keys.refuseOthers();
  const everywhere = { windows: everyLayer(common, 0), turned: Array<boolean>(common.layers).fill(true) };
  const decoder = { ...PLAIN, ...common, ...everywhere, ...own };
  return {
    architecture,
    modelType,
    ...decoder,
    attentionScale: decoder.attentionScale || common.headSize ** -0.5,
    // A window that no text can reach is none.
    windows: decoder.windows.map((window) => (window >= common.contextTokens ? 0 : window)),
    local: decoder.windows.map((window) => window > 0),
    rotary,
  };
}

/** The file's architecture, if it is one that Proxima takes. Throws `gguf-unsupported`. */
export function architectureOf({ keys }: Gguf): string {
  const kind = keys.get('general.type') ?? 'model';
  if (kind !== 'model') throw new ProximaError('gguf-unsupported', { feature: 'kind', kind: legible(String(kind)) });
  const parts = keys.get('split.count') ?? 1;
  if (typeof parts === 'number' && parts > 1) throw new ProximaError('gguf-unsupported', { feature: 'parts', parts });
  const architecture = String(keys.get('general.architecture') ?? '');
  if (Object.hasOwn(ARCHITECTURES, architecture)) return architecture;
  const known = Object.keys(ARCHITECTURES);
  throw new ProximaError('gguf-unsupported', {
    feature: 'architecture',
    architecture: legible(architecture),
    known,
  });
}

const PLAIN = {
  attentionScale: 0,
  attentionSoftcap: 0,
  logitSoftcap: 0,
  embeddingScale: 1,
  residualScale: 1,
  logitDivisor: 1,
  activation: 'silu' as const,
  sandwich: false,
  paired: false,
  fused: false,
  headNorms: false,
};

function readCommon(keys: KeyReader) {
  keys.pass('vocab_size', 'tensor_data_layout');
  keys.only('attention.causal', true);
  keys.only('expert_count', 0);
  keys.only('expert_used_count', 0);
  const hidden = keys.count('embedding_length', undefined, MOST_ELEMENTS);
  const queryHeads = keys.count('attention.head_count', undefined, hidden);
  const headSize = keys.count('attention.key_length', hidden / queryHeads, MOST_ELEMENTS);
  if (keys.count('attention.value_length', headSize) !== headSize) throw keys.refusal('attention.value_length');
  return {
    hidden,
    queryHeads,
    headSize,
    layers: keys.count('block_count', undefined, MOST_LAYERS),
    intermediate: keys.count('feed_forward_length'),
    keyValueHeads: keys.count('attention.head_count_kv', queryHeads),
    epsilon: keys.number('attention.layer_norm_rms_epsilon'),
    contextTokens: keys.count('context_length'),
    turnedSize: keys.count('rope.dimension_count', headSize, MOST_ELEMENTS),
  };
}

/** Throws `gguf-damaged` for numbers that don't fit each other. */
function check(gguf: Gguf, common: ReturnType<typeof readCommon>, own: Particulars): void {
  const { layers, headSize, queryHeads, keyValueHeads, turnedSize } = common;
  const partly = turnedSize !== headSize;
  const wrong: readonly [boolean, string][] = [
    [queryHeads % keyValueHeads !== 0, `${queryHeads} query heads can't share ${keyValueHeads} KV heads`],
    [headSize % 2 !== 0 || turnedSize % 2 !== 0, `it turns ${turnedSize} of ${headSize} elements of a head`],
    [
      turnedSize > headSize || (own.paired === true && partly),
      `it turns ${turnedSize} of ${headSize} elements of a head`,
    ],
    [
      own.windows !== undefined && own.windows.length !== layers,
      `it does not name a window for each of ${layers} layers`,
    ],
  ];
  const found = wrong.find(([holds]) => holds);
  if (found) throw damagedGguf(gguf.name, found[1]);
}

const everyLayer = ({ layers }: Pick<Common, 'layers'>, window: number) => Array<number>(layers).fill(window);

const optional = (value: number) => (value === 0 ? undefined : value);

/** largestLayers: layers of the 27B, whose queries are scaled by the hidden size. */
function gemma({ layers, hidden, queryHeads }: Common, largestLayers: number): Particulars {
  return {
    sandwich: true,
    activation: 'gelu',
    embeddingScale: Math.sqrt(hidden),
    attentionScale: layers === largestLayers ? Math.floor(hidden / queryHeads) ** -0.5 : 0,
  };
}

/** Windows where all layers of `period` but the last are local; or as the key says layer by layer. */
function localLayers(keys: KeyReader, { layers }: Common, window: number, period: number): number[] {
  const stated = keys.layers('attention.sliding_window_pattern');
  if (stated) return stated.map((local) => (local === 0 ? 0 : window));
  const every = keys.count('attention.sliding_window_pattern', period);
  return Array.from({ length: layers }, (_, layer) => (layer % every < every - 1 ? window : 0));
}
