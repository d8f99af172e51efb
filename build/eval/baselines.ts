/**
 * The two known ways to save memory by dropping tokens, on the same engine and with as many bytes as PoD takes: sinks and
 * a window (Xiao et al. 2023, StreamingLLM), and per-head eviction by attention (Li et al. 2024, SnapKV). They keep a
 * dense cache and look at a part of it: what is compared is what they answer, with the bytes they would need.
 */
import type { Attention, AttentionMass, AttentionRequest, AttentionSums } from '../../engine/attention/attention.ts';
import type { Span } from '../../engine/attention/spans.ts';
import { halfVectors, part, toNumbers, type Vectors } from '../../engine/attention/vectors.ts';
import { PodCache } from '../../engine/backends/cpu/pod-cache.ts';

/** Sinks and the latest tokens, while reading as well as while answering. */
export class SinkWindowCache extends PodCache {
  /** Tokens kept, sinks included. */
  kept = Infinity;

  override spans(layer: number, from: number, to: number, windowAt: number): Span[][] {
    const { sinks } = this.proximity;
    const border = Math.max(sinks, from - (this.kept - sinks));
    return super
      .spans(layer, from, to, windowAt)
      .map((spans) => spans.flatMap((span) => [...clip(span, 0, sinks), ...clip(span, border, to)]));
  }
}

/** The tokens of a span from `from` to `to`, nothing where there are none. */
function clip(span: Span, from: number, to: number): Span[] {
  const start = Math.max(span.start, from);
  const end = Math.min(span.end, to);
  if (start >= end) return [];
  const cut = (vectors: Vectors) => part(vectors, span.end - span.start, start - span.start, end - span.start);
  return [{ start, end, keys: cut(span.keys), values: cut(span.values) }];
}

/** Keeps, for each layer and KV head, the tokens that were chosen for it; everything as long as none were. */
export class EvictingCache extends PodCache {
  readonly #kept = new Map<number, Span[]>();

  override spans(layer: number, from: number, to: number, windowAt: number): Span[][] {
    const all = super.spans(layer, from, to, windowAt);
    const kept = this.#kept.get(layer);
    if (!kept) return all;
    return all.map((spans, head) => [
      kept[head] as Span,
      ...spans.flatMap((span) => clip(span, this.committed, Math.max(to, this.committed))),
    ]);
  }

  keepAll(): void {
    this.#kept.clear();
  }

  /** Copies the chosen committed tokens of a layer together, a list of token positions a KV head. */
  keep(layer: number, chosen: readonly Int32Array[]): void {
    const all = super.spans(layer, this.committed, this.committed, this.committed);
    this.#kept.set(
      layer,
      chosen.map((tokens, head) => gather(all[head] ?? [], tokens)),
    );
  }
}

function gather(spans: readonly Span[], tokens: Int32Array): Span {
  const first = spans[0] as Span;
  const width = bitsOf(first.keys).length / (first.end - first.start);
  const keys = new Uint16Array(tokens.length * width);
  const values = new Uint16Array(tokens.length * width);
  let index = 0;
  for (const [slot, token] of tokens.entries()) {
    while ((spans[index] as Span).end <= token) index += 1;
    const span = spans[index] as Span;
    const at = (token - span.start) * width;
    keys.set(bitsOf(span.keys).subarray(at, at + width), slot * width);
    values.set(bitsOf(span.values).subarray(at, at + width), slot * width);
  }
  return { start: 0, end: tokens.length, keys: halfVectors(keys), values: halfVectors(values) };
}

/** The baselines keep a dense cache. */
function bitsOf(vectors: Vectors): Uint16Array {
  if (vectors.format !== 'f16') throw new TypeError('a dense cache keeps f16');
  return vectors.elements;
}

/** SnapKV pools its scores over this many neighbours, so that what is kept keeps its surroundings. */
const POOLING = 7;

/** Called with the positions chosen for a layer, a list a KV head. */
export type OnChosen = (layer: number, chosen: Int32Array[]) => void;

/** Watches one pass of rows through the layers and tells which of the first tokens these rows look at most. */
export class WatchingAttention implements Attention {
  readonly #attention: Attention;
  #watched: { tokens: number; budget: number; onChosen: OnChosen; layer: number } | undefined;

  constructor(attention: Attention) {
    this.#attention = attention;
  }

  /** Of the next pass, one call a layer, `onChosen` gets the `budget` of the first `tokens` tokens with most attention. */
  watch(tokens: number, budget: number, onChosen: OnChosen): void {
    this.#watched = { tokens, budget, onChosen, layer: 0 };
  }

  stop(): void {
    this.#watched = undefined;
  }

  async attend(request: AttentionRequest): Promise<Float32Array> {
    const result = await this.#attention.attend(request);
    const watched = this.#watched;
    if (watched && request.rows > 1) {
      const chosen = request.spans.map((_, head) =>
        highest(pooled(headScores(request, head, watched.tokens)), watched.budget),
      );
      watched.onChosen(watched.layer, chosen);
      watched.layer += 1;
    }
    return result;
  }

  addSums(request: AttentionRequest, sums: AttentionSums): Promise<void> {
    return this.#attention.addSums(request, sums);
  }

  attendWithMass(request: AttentionRequest, mass: AttentionMass, sinks: number): Promise<Float32Array> {
    return this.#attention.attendWithMass(request, mass, sinks);
  }

  close(): Promise<void> {
    return this.#attention.close();
  }
}

/** Attention on each of the first `tokens` tokens, summed over the rows and query heads of a KV head. */
function headScores(request: AttentionRequest, head: number, tokens: number): Float64Array {
  const { shape, rows, queries } = request;
  const { headSize, scale } = shape;
  const ratio = shape.queryHeads / shape.keyValueHeads;
  const keys = committedKeys(request.spans[head] ?? [], tokens, headSize);
  const sums = new Float64Array(tokens);
  const scores = new Float32Array(tokens);
  for (let row = head * ratio * rows; row < (head + 1) * ratio * rows; row++) {
    const query = queries.subarray(row * headSize, (row + 1) * headSize);
    let peak = -Infinity;
    for (let token = 0; token < tokens; token++) {
      let score = 0;
      for (let index = 0; index < headSize; index++)
        score += (query[index] as number) * (keys[token * headSize + index] as number);
      scores[token] = score * scale;
      peak = Math.max(peak, score * scale);
    }
    let total = 0;
    for (let token = 0; token < tokens; token++) {
      const weight = Math.exp((scores[token] as number) - peak);
      scores[token] = weight;
      total += weight;
    }
    for (let token = 0; token < tokens; token++)
      sums[token] = (sums[token] as number) + (scores[token] as number) / total;
  }
  return sums;
}

function committedKeys(spans: readonly Span[], tokens: number, headSize: number): Float32Array {
  const keys = new Float32Array(tokens * headSize);
  for (const span of spans) {
    if (span.start >= tokens) continue;
    const [count, seen] = [span.end - span.start, Math.min(span.end, tokens) - span.start];
    const numbers = toNumbers(part(span.keys, count, 0, seen), headSize);
    keys.set(numbers, span.start * headSize);
  }
  return keys;
}

function pooled(scores: Float64Array): Float64Array {
  const reach = (POOLING - 1) / 2;
  return scores.map((_, index) => Math.max(...scores.subarray(Math.max(0, index - reach), index + reach + 1)));
}

/** Positions of the `count` highest scores, ascending. */
function highest(scores: Float64Array, count: number): Int32Array {
  const order = Int32Array.from(scores.keys()).sort((a, b) => (scores[b] as number) - (scores[a] as number));
  return order.slice(0, Math.min(count, order.length)).sort();
}
