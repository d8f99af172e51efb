/** Listens to attention: how each layer's rows share their attention among the distant tokens. */
import type {
  Attention,
  AttentionMass,
  AttentionRequest,
  AttentionShape,
  AttentionSums,
} from '../attention/attention.ts';
import type { Span } from '../attention/spans.ts';
import { toNumbers } from '../attention/vectors.ts';

/** Shares of one layer: f32 [query heads, rows, distant tokens], each row summing to 1. */
export interface LayerShares {
  readonly queryHeads: number;
  readonly keyValueHeads: number;
  readonly rows: number;
  /** Empty for a layer that sees no distant tokens, behind a local window. */
  readonly shares: Float32Array;
}

/** Attention as another backend computes it; while `distant` is set, what it looks at is kept, layer by layer. */
export class AttentionProbe implements Attention {
  /** The tokens that are listened to, end exclusive; they must lie before every row. */
  distant: { readonly start: number; readonly end: number } | undefined;
  readonly layers: LayerShares[] = [];
  readonly #attention: Attention;

  constructor(attention: Attention) {
    this.#attention = attention;
  }

  attend(request: AttentionRequest): Promise<Float32Array> {
    if (this.distant) this.layers.push(sharesOf(request, this.distant.start, this.distant.end));
    return this.#attention.attend(request);
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

function sharesOf({ shape, queries, rows, spans }: AttentionRequest, start: number, end: number): LayerShares {
  const { queryHeads, keyValueHeads, headSize } = shape;
  if (shape.window > 0) return { queryHeads, keyValueHeads, rows, shares: new Float32Array(0) };
  const ratio = queryHeads / keyValueHeads;
  const shares = new Float32Array(queryHeads * rows * (end - start));
  for (let row = 0; row < queryHeads * rows; row++) {
    const head = Math.floor(row / rows / ratio);
    const own = shares.subarray(row * (end - start), (row + 1) * (end - start));
    const query = queries.subarray(row * headSize, (row + 1) * headSize);
    for (const span of spans[head] ?? []) scoreSpan(own, query, span, start, end, shape);
    soften(own);
  }
  return { queryHeads, keyValueHeads, rows, shares };
}

/** Writes the scores of the span's tokens within `start`..`end`. */
function scoreSpan(
  scores: Float32Array,
  query: Float32Array,
  span: Span,
  start: number,
  end: number,
  { headSize, scale, softcap }: AttentionShape,
): void {
  const keys = toNumbers(span.keys, headSize);
  for (let token = Math.max(start, span.start); token < Math.min(end, span.end); token++) {
    const offset = (token - span.start) * headSize;
    let sum = 0;
    for (let element = 0; element < headSize; element++) sum += (query[element] ?? 0) * (keys[offset + element] ?? 0);
    const scaled = sum * scale;
    scores[token - start] = softcap > 0 ? softcap * Math.tanh(scaled / softcap) : scaled;
  }
}

function soften(scores: Float32Array): void {
  const peak = scores.reduce((most, each) => Math.max(most, each), -Infinity);
  let sum = 0;
  for (let index = 0; index < scores.length; index++) {
    const weight = Math.exp((scores[index] ?? 0) - peak);
    scores[index] = weight;
    sum += weight;
  }
  for (let index = 0; index < scores.length; index++) scores[index] = (scores[index] ?? 0) / sum;
}
