/** Chooses the next token from logits: greedy, or by temperature, top-k, top-p and repetition penalty with a seed. */
export interface Sampling {
  /** 0: greedy. */
  readonly temperature: number;
  /** 0: all. */
  readonly topK: number;
  /** 1: all. */
  readonly topP: number;
  /** 1: none. */
  readonly repetitionPenalty: number;
  readonly seed: number;
}

export const greedy: Sampling = { temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1, seed: 0 };

export type Sampler = (logits: Float32Array, previous: readonly number[]) => number;

export function createSampler(sampling: Sampling): Sampler {
  const random = seededRandom(sampling.seed);
  return (logits, previous) => {
    const penalised = penalise(logits, previous, sampling.repetitionPenalty);
    return sampling.temperature <= 0 ? argmax(penalised) : draw(penalised, sampling, random);
  };
}

export function argmax(values: Float32Array): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) {
    if ((values[index] ?? -Infinity) > (values[best] ?? -Infinity)) best = index;
  }
  return best;
}

/** As Keskar et al. (CTRL, 2019) define it: seen tokens' logits are divided when positive, multiplied when negative. */
function penalise(logits: Float32Array, previous: readonly number[], penalty: number): Float32Array {
  if (penalty === 1) return logits;
  const penalised = logits.slice();
  for (const id of new Set(previous)) {
    const logit = penalised[id] ?? 0;
    penalised[id] = logit > 0 ? logit / penalty : logit * penalty;
  }
  return penalised;
}

function draw(logits: Float32Array, { temperature, topK, topP }: Sampling, random: () => number): number {
  const order = Array.from(logits.keys()).sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0));
  const kept = topK > 0 ? order.slice(0, topK) : order;
  const top = logits[kept[0] ?? 0] ?? 0;
  const weights = kept.map((id) => Math.exp(((logits[id] ?? 0) - top) / temperature));
  const nucleus = nucleusSize(weights, topP);
  const total = weights.slice(0, nucleus).reduce((sum, weight) => sum + weight, 0);
  let left = random() * total;
  for (let index = 0; index < nucleus; index++) {
    left -= weights[index] ?? 0;
    if (left <= 0) return kept[index] ?? 0;
  }
  return kept[nucleus - 1] ?? 0;
}

/** How many of the sorted weights make up the share `topP`; at least one. */
function nucleusSize(weights: readonly number[], topP: number): number {
  const enough = topP * weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  const index = weights.findIndex((weight) => {
    sum += weight;
    return sum >= enough;
  });
  return index < 0 ? weights.length : index + 1;
}

/** Mulberry32: a small generator whose sequence is the same everywhere. Values in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
