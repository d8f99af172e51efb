/** Answers after a prompt: the prompt and the answer stay uncommitted. */
import type { KeyValueCache } from '../cache/key-value-cache.ts';
import { throwIfCancelled } from '../errors.ts';
import type { Decoder } from '../model/decoder.ts';
import type { Sampler } from './sampling.ts';

export interface DecodeOptions {
  readonly maxTokens: number;
  readonly stopTokens: ReadonlySet<number>;
  readonly sampler: Sampler;
  readonly signal?: AbortSignal | undefined;
  readonly onToken?: (id: number) => void;
}

export interface DecodeResult {
  /** The answer, without the stop token. */
  readonly ids: number[];
  /** Of each id, and of the token that ended the answer where one did: what the model gave it before sampling, in nats. */
  readonly logProbabilities: number[];
  readonly stopped: 'stop-token' | 'length';
  /** Until the first token was there, and from then on. */
  readonly firstTokenSeconds: number;
  readonly restSeconds: number;
}

/** Prompt tokens a chunk: a question is short, but may be pasted. */
export const PROMPT_CHUNK = 512;

export async function decode(
  decoder: Decoder,
  cache: KeyValueCache,
  prompt: readonly number[],
  options: DecodeOptions,
): Promise<DecodeResult> {
  const { maxTokens, stopTokens, sampler, signal, onToken } = options;
  const started = performance.now();
  let logits = await readPrompt(decoder, cache, prompt, signal);
  const firstTokenSeconds = (performance.now() - started) / 1000;
  const ids: number[] = [];
  const logProbabilities: number[] = [];
  const finish = (stopped: DecodeResult['stopped']): DecodeResult => {
    return {
      ids,
      logProbabilities,
      stopped,
      firstTokenSeconds,
      restSeconds: (performance.now() - started) / 1000 - firstTokenSeconds,
    };
  };
  while (ids.length < maxTokens) {
    const id = sampler(logits, ids);
    logProbabilities.push(logProbability(logits, id));
    if (stopTokens.has(id)) return finish('stop-token');
    ids.push(id);
    onToken?.(id);
    throwIfCancelled(signal);
    if (ids.length < maxTokens) logits = await logitsAfter(decoder, cache, [id]);
  }
  return finish('length');
}

async function readPrompt(
  decoder: Decoder,
  cache: KeyValueCache,
  prompt: readonly number[],
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  let done = 0;
  for (; prompt.length - done > PROMPT_CHUNK; done += PROMPT_CHUNK) {
    throwIfCancelled(signal);
    await decoder.forward(prompt.slice(done, done + PROMPT_CHUNK), cache, { commit: false, want: 'nothing' });
  }
  throwIfCancelled(signal);
  return logitsAfter(decoder, cache, prompt.slice(done));
}

async function logitsAfter(decoder: Decoder, cache: KeyValueCache, ids: readonly number[]): Promise<Float32Array> {
  const logits = await decoder.forward(ids, cache, { commit: false, want: 'candidates' });
  if (!logits) throw new TypeError('the last segment gave no logits');
  return logits;
}

/** Under softmax over all logits; candidates that a card left out are −∞ and weigh nothing. */
export function logProbability(logits: Float32Array, id: number): number {
  let top = Number.NEGATIVE_INFINITY;
  for (const logit of logits) if (logit > top) top = logit;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - top);
  return (logits[id] ?? Number.NEGATIVE_INFINITY) - top - Math.log(sum);
}

/** Softmax over all logits, f64. Plain loops: reading again asks for some forty of them a question. */
export function probabilities(logits: Float32Array): Float64Array {
  let top = Number.NEGATIVE_INFINITY;
  for (const logit of logits) if (logit > top) top = logit;
  const weights = new Float64Array(logits.length);
  let sum = 0;
  for (let id = 0; id < weights.length; id++) {
    const weight = Math.exp((logits[id] as number) - top);
    weights[id] = weight;
    sum += weight;
  }
  for (let id = 0; id < weights.length; id++) weights[id] = (weights[id] as number) / sum;
  return weights;
}
