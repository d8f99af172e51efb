/** Attention over spans in plain f64 loops: the truth that every other implementation is tested against. */
import { firstVisible } from '../cache/local-window.ts';
import type { AttentionRequest, AttentionShape, AttentionSums, TokenRun } from './attention.ts';
import type { Span } from './spans.ts';
import { part, toNumbers, type Vectors } from './vectors.ts';

/** A partial result of one row over one span: o, normalised within the span, and its log-sum-exp. */
export interface Partial {
  readonly output: Float64Array;
  readonly logSumExp: number;
}

/** Merges partial results exactly: each weighs exp(lse − lse of all). Empty spans have lse −∞ and weigh nothing. */
export function fold(partials: readonly Partial[]): Partial {
  const top = Math.max(...partials.map((partial) => partial.logSumExp));
  if (top === -Infinity) return partials[0] ?? { output: new Float64Array(0), logSumExp: -Infinity };
  const weights = partials.map((partial) => Math.exp(partial.logSumExp - top));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const output = new Float64Array(partials[0]?.output.length ?? 0);
  for (const [index, partial] of partials.entries()) {
    const share = (weights[index] ?? 0) / sum;
    for (let d = 0; d < output.length; d++) output[d] = (output[d] ?? 0) + share * (partial.output[d] ?? 0);
  }
  return { output, logSumExp: top + Math.log(sum) };
}

/** One query over one span, tokens after `position` and before the window left out. */
export function partialAttention(
  query: ArrayLike<number>,
  span: Span,
  position: number,
  shape: AttentionShape,
): Partial {
  const { headSize } = shape;
  const keys = toNumbers(span.keys, headSize);
  const values = toNumbers(span.values, headSize);
  const from = Math.max(0, firstVisible(position, shape.window) - span.start);
  const visible = Math.max(0, Math.min(span.end, position + 1) - span.start - from);
  const offset = (token: number) => (from + token) * headSize;
  const scores = Float64Array.from({ length: visible }, (_, token) => score(query, keys, offset(token), shape));
  const top = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const exponentials = scores.map((each) => Math.exp(each - top));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  const output = new Float64Array(headSize);
  for (let token = 0; token < visible; token++) {
    const weight = (exponentials[token] ?? 0) / sum;
    for (let d = 0; d < headSize; d++) output[d] = (output[d] ?? 0) + weight * (values[offset(token) + d] ?? 0);
  }
  return { output, logSumExp: visible > 0 ? top + Math.log(sum) : -Infinity };
}

function score(query: ArrayLike<number>, keys: ArrayLike<number>, offset: number, shape: AttentionShape): number {
  let sum = 0;
  for (let d = 0; d < shape.headSize; d++) sum += (query[d] ?? 0) * (keys[offset + d] ?? 0);
  const scaled = sum * shape.scale;
  return shape.softcap > 0 ? shape.softcap * Math.tanh(scaled / shape.softcap) : scaled;
}

/** [query heads, rows, head size] in f64. */
export function referenceAttention(request: AttentionRequest): Float64Array {
  const { shape, rows, queries, firstPosition } = request;
  const ratio = shape.queryHeads / shape.keyValueHeads;
  const output = new Float64Array(shape.queryHeads * rows * shape.headSize);
  for (let head = 0; head < shape.queryHeads; head++) {
    const spans = request.spans[Math.floor(head / ratio)] ?? [];
    for (let row = 0; row < rows; row++) {
      const offset = (head * rows + row) * shape.headSize;
      const query = queries.subarray(offset, offset + shape.headSize);
      const partials = spans.map((span) => partialAttention(query, span, firstPosition + row, shape));
      output.set(fold(partials).output, offset);
    }
  }
  return output;
}

/**
 * Where rows look: for each token from `sinks` on the shares of attention it gets, summed over rows and query heads, each row
 * weighted by its largest share. f64 [length].
 */
export function referenceMass(request: AttentionRequest, sinks: number, length: number): Float64Array {
  const { shape, rows, queries, firstPosition } = request;
  const mass = new Float64Array(length);
  for (let head = 0; head < shape.queryHeads; head++) {
    const spans = request.spans[Math.floor((head * shape.keyValueHeads) / shape.queryHeads)] ?? [];
    for (let row = 0; row < rows; row++) {
      const offset = (head * rows + row) * shape.headSize;
      const scores = scoresOf(queries.subarray(offset, offset + shape.headSize), spans, firstPosition + row, shape);
      const top = [...scores.values()].reduce((a, b) => Math.max(a, b), -Infinity);
      const sum = [...scores.values()].reduce((all, each) => all + Math.exp(each - top), 0);
      const counted = [...scores].filter(([token]) => token >= sinks && token < length);
      const largest = counted.reduce((most, [, each]) => Math.max(most, Math.exp(each - top) / sum), 0);
      for (const [token, each] of counted) mass[token] = (mass[token] ?? 0) + (largest * Math.exp(each - top)) / sum;
    }
  }
  return mass;
}

function scoresOf(
  query: ArrayLike<number>,
  spans: readonly Span[],
  position: number,
  shape: AttentionShape,
): Map<number, number> {
  const scores = new Map<number, number>();
  for (const { start, end, keys } of spans) {
    const numbers = toNumbers(keys, shape.headSize);
    const from = Math.max(start, firstVisible(position, shape.window));
    for (let token = from; token < Math.min(end, position + 1); token++)
      scores.set(token, score(query, numbers, (token - start) * shape.headSize, shape));
  }
  return scores;
}

/** The shares of attention that runs of tokens get: f64, one a run. */
export function referenceSums(
  request: AttentionRequest,
  { head, queryHeads, rows, runs }: AttentionSums,
): Float64Array {
  const { shape, queries, firstPosition } = request;
  const ratio = shape.queryHeads / shape.keyValueHeads;
  const sums = new Float64Array(runs.length);
  for (const queryHead of queryHeads) {
    for (const row of rows) {
      const offset = ((head * ratio + queryHead) * request.rows + row) * shape.headSize;
      const query = queries.subarray(offset, offset + shape.headSize);
      const spans = request.spans[head] ?? [];
      const all = fold(spans.map((span) => partialAttention(query, span, firstPosition + row, shape))).logSumExp;
      for (const [index, run] of runs.entries()) {
        const parts = spans.map((span) => partialAttention(query, cutSpan(span, run), firstPosition + row, shape));
        const weights = parts.map(({ logSumExp }) => Math.exp(logSumExp - all));
        sums[index] = (sums[index] ?? 0) + weights.reduce((total, weight) => total + weight, 0);
      }
    }
  }
  return sums;
}

function cutSpan(span: Span, run: TokenRun): Span {
  const start = Math.min(Math.max(run.start, span.start), span.end);
  const end = Math.max(start, Math.min(run.end, span.end));
  const cut = (vectors: Vectors) => part(vectors, span.end - span.start, start - span.start, end - span.start);
  return { start, end, keys: cut(span.keys), values: cut(span.values) };
}
