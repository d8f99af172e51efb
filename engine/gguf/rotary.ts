/** How an architecture turns queries and keys: frequencies of a head's pairs, from GGUF's keys and tensors. */
import type { KeyReader } from './key-reader.ts';

/** Factors by which LongRoPE and Llama 3 divide the frequencies, one for each pair. */
export interface RotaryFactors {
  /** For every length of text. */
  readonly all?: Float32Array | undefined;
  /** For texts of up to `original` tokens, and for longer ones. */
  readonly short?: Float32Array | undefined;
  readonly long?: Float32Array | undefined;
}

/** One table of cosines and sines. */
export interface Rotary {
  /** Radians a position, one for each pair that is turned. */
  readonly frequencies: Float32Array;
  /** What cosines and sines are multiplied with. */
  readonly magnitude: number;
}

export interface RotaryPlan {
  readonly main: Rotary;
  /** Of texts longer than `border` tokens, where that is another one. */
  readonly long: { readonly rotary: Rotary; readonly border: number } | undefined;
  /** Of layers with a local window, where that is another one. */
  readonly local: Rotary | undefined;
}

const DEFAULT_BASE = 10_000;
/** YaRN's own (Peng et al., arXiv 2309.00071). */
const BETA_FAST = 32;
const BETA_SLOW = 1;

interface Scaling {
  readonly kind: string;
  readonly factor: number;
  readonly original: number;
  readonly betaFast: number;
  readonly betaSlow: number;
  readonly magnitude: number;
}

/** dimensions: elements of a head that are turned. localBase: of layers with a window, where they have one. */
export function readRotary(
  keys: KeyReader,
  dimensions: number,
  contextTokens: number,
  factors: RotaryFactors,
  localBase?: number,
): RotaryPlan {
  const base = keys.number('rope.freq_base', DEFAULT_BASE);
  const scaling = readScaling(keys, contextTokens);
  for (const [name, all] of Object.entries(factors)) {
    if (all && all.length !== dimensions / 2)
      throw keys.damage(`its rotary factors (${name}) are ${all.length}, not ${dimensions / 2}`);
  }
  const scaled = scaledFrequencies(base, dimensions, scaling);
  const divided = (by: Float32Array | undefined): Rotary => ({
    frequencies: Float32Array.from(scaled, (frequency, pair) => frequency / (by?.[pair] ?? 1)),
    magnitude: scaling.magnitude,
  });
  const longer = factors.long !== undefined && contextTokens > scaling.original;
  const plain = Float32Array.from(plainFrequencies(localBase ?? base, dimensions));
  return {
    main: divided(factors.all ?? factors.short),
    long: longer ? { rotary: divided(factors.long), border: scaling.original } : undefined,
    local: localBase === undefined ? undefined : { frequencies: plain, magnitude: 1 },
  };
}

function readScaling(keys: KeyReader, contextTokens: number): Scaling {
  keys.pass('rope.scaling.finetuned');
  const kind = keys.text('rope.scaling.type', 'linear');
  const stated = keys.number('rope.scaling.factor', keys.number('rope.scale_linear', 0));
  const factor = kind === 'none' || stated === 0 ? 1 : stated;
  if (!['none', 'linear', 'yarn', 'longrope'].includes(kind)) throw keys.refusal('rope.scaling.type');
  if (factor < 0) throw keys.refusal('rope.scaling.factor');
  keys.only('rope.scaling.yarn_ext_factor', 1);
  keys.only('rope.scaling.yarn_attn_factor', 1);
  keys.only('rope.scaling.yarn_log_multiplier', 0);
  const attention = keys.number('rope.scaling.attn_factor', 1);
  return {
    kind,
    factor,
    original: keys.count('rope.scaling.original_context_length', contextTokens),
    betaFast: keys.number('rope.scaling.yarn_beta_fast', BETA_FAST),
    betaSlow: keys.number('rope.scaling.yarn_beta_slow', BETA_SLOW),
    magnitude: kind === 'yarn' && factor > 1 ? attention * (0.1 * Math.log(factor) + 1) : attention,
  };
}

function plainFrequencies(base: number, dimensions: number): Float64Array {
  return Float64Array.from({ length: dimensions / 2 }, (_, pair) => base ** ((-2 * pair) / dimensions));
}

function scaledFrequencies(base: number, dimensions: number, scaling: Scaling): Float64Array {
  const plain = plainFrequencies(base, dimensions);
  if (scaling.kind !== 'yarn') return plain.map((frequency) => frequency / scaling.factor);
  // Pairs that turn often within the original context stay as they are, pairs that never come round are stretched.
  const pairOf = (turns: number) =>
    (dimensions * Math.log(scaling.original / (turns * 2 * Math.PI))) / (2 * Math.log(base));
  const low = Math.max(0, Math.floor(pairOf(scaling.betaFast)));
  const high = Math.min(dimensions - 1, Math.ceil(pairOf(scaling.betaSlow)));
  return plain.map((frequency, pair) => {
    const stretched = Math.min(1, Math.max(0, (pair - low) / Math.max(0.001, high - low)));
    return (frequency / scaling.factor) * stretched + frequency * (1 - stretched);
  });
}
