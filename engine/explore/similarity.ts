/**
 * How alike two layers look at distant tokens (pod.md): 1 − JSD / ln 2 of their shares, averaged over the last rows of a text and the
 * query heads of a KV head.
 */
import type { KeyValueCache } from '../cache/key-value-cache.ts';
import type { Decoder } from '../model/decoder.ts';
import type { AttentionProbe, LayerShares } from './attention-probe.ts';

export interface SimilarityOptions {
  /** Rows at the end that are listened to. */
  readonly queries: number;
  /** Tokens at the start, and before the rows, that are not distant. */
  readonly sinks: number;
  readonly recent: number;
}

/**
 * [KV heads][layers][layers], 0–1; 0 beside a layer with a local window. The decoder's attention must go through the probe, its layers have equally many heads, and the
 * cache be empty and dense. Throws RangeError where the text leaves no distant tokens.
 */
export async function measureSimilarity(
  decoder: Decoder,
  cache: KeyValueCache,
  probe: AttentionProbe,
  ids: readonly number[],
  { queries, sinks, recent }: SimilarityOptions,
): Promise<number[][][]> {
  const before = ids.length - queries;
  const end = before - recent;
  if (end <= sinks) throw new RangeError(`${ids.length} tokens leave none between sinks and recent window`);
  await decoder.forward(ids.slice(0, before), cache, { commit: true, want: 'nothing' });
  probe.layers.length = 0;
  probe.distant = { start: sinks, end };
  try {
    await decoder.forward(ids.slice(before), cache, { commit: true, want: 'logits' });
    return matricesOf(probe.layers);
  } finally {
    probe.distant = undefined;
    probe.layers.length = 0;
  }
}

function matricesOf(layers: readonly LayerShares[]): number[][][] {
  const heads = layers[0]?.keyValueHeads ?? 0;
  return Array.from({ length: heads }, (_, head) => {
    const matrix = layers.map((_row, one) => layers.map((_column, other) => (one === other ? 1 : 0)));
    for (let one = 0; one < layers.length; one++)
      for (let other = one + 1; other < layers.length; other++) {
        const alike = likeness(layers[one] as LayerShares, layers[other] as LayerShares, head);
        (matrix[one] as number[])[other] = alike;
        (matrix[other] as number[])[one] = alike;
      }
    return matrix;
  });
}

function likeness(one: LayerShares, other: LayerShares, head: number): number {
  if (one.shares.length === 0 || other.shares.length === 0) return 0;
  const ratio = one.queryHeads / one.keyValueHeads;
  const tokens = one.shares.length / one.queryHeads / one.rows;
  const [from, to] = [head * ratio * one.rows, (head + 1) * ratio * one.rows];
  let divergence = 0;
  for (let row = from; row < to; row++) {
    const part = ({ shares }: LayerShares) => shares.subarray(row * tokens, (row + 1) * tokens);
    divergence += divergenceOf(part(one), part(other));
  }
  return 1 - divergence / (to - from) / Math.LN2;
}

/** Jensen and Shannon's, in nats. */
function divergenceOf(one: Float32Array, other: Float32Array): number {
  let sum = 0;
  for (let token = 0; token < one.length; token++) {
    const [p, q] = [one[token] ?? 0, other[token] ?? 0];
    const middle = (p + q) / 2;
    if (p > 0) sum += (p * Math.log(p / middle)) / 2;
    if (q > 0) sum += (q * Math.log(q / middle)) / 2;
  }
  return sum;
}
