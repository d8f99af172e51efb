/** What a plan costs: how much worse the model predicts the reader's own texts and finds what was planted in them. */
import type { CachePlan } from '../cache/plan.ts';
import type { Proximity } from '../cache/proximity.ts';
import { throwIfCancelled } from '../errors.ts';
import { prefill } from '../generate/prefill.ts';
import { argmax } from '../generate/sampling.ts';
import { cacheShape } from '../local/reading.ts';
import type { Decoder } from '../model/decoder.ts';
import type { ProbeText } from './probe-text.ts';

export interface PlanCost {
  /** Mean over texts and answers, nats a token: what plans are compared by. */
  readonly loss: number;
  /** Of the texts' last tokens. */
  readonly perplexity: number;
  /** Planted facts whose every token the model puts first, of all. */
  readonly found: number;
  readonly planted: number;
}

/** Tokens at a text's end that are predicted one by one. */
const PREDICTED = 24;
/** Texts are short: so must the window be, or nothing would be distant. */
export const PROBE_PROXIMITY: Proximity = { sinks: 16, recent: 64 };

export async function measureCost(
  decoder: Decoder,
  plan: CachePlan,
  texts: readonly ProbeText[],
  signal?: AbortSignal,
): Promise<PlanCost> {
  const [texting, answering] = [new Losses(), new Losses()];
  let found = 0;
  for (const text of texts) {
    throwIfCancelled(signal);
    found += await measureText(decoder, plan, text, texting, answering);
  }
  const planted = texts.reduce((sum, { questions }) => sum + questions.length, 0);
  return {
    loss: (texting.mean + answering.mean) / 2,
    perplexity: Math.exp(texting.mean),
    found,
    planted,
  };
}

/** Adds to the losses; gives how many planted facts were found. */
async function measureText(
  decoder: Decoder,
  plan: CachePlan,
  { ids, questions }: ProbeText,
  texting: Losses,
  answering: Losses,
): Promise<number> {
  const cache = decoder.createCache(cacheShape({ decoder }, { plan, proximity: PROBE_PROXIMITY }));
  const before = ids.length - PREDICTED;
  await prefill(decoder, cache, ids.slice(0, before));
  for (let place = before; place < ids.length - 1; place++) {
    const logits = await decoder.forward([ids[place] ?? 0], cache, { commit: true, want: 'logits' });
    texting.add(logits, ids[place + 1] ?? 0);
  }
  await decoder.forward(ids.slice(-1), cache, { commit: true, want: 'logits' });
  let found = 0;
  for (const { prompt, answer } of questions) {
    cache.rewind();
    let right = true;
    for (const [index, id] of answer.entries()) {
      const given = index === 0 ? prompt : [answer[index - 1] ?? 0];
      const logits = await decoder.forward(given, cache, { commit: false, want: 'logits' });
      answering.add(logits, id);
      right &&= argmax(logits ?? new Float32Array()) === id;
    }
    found += Number(right);
  }
  cache.clear();
  return found;
}

class Losses {
  #sum = 0;
  #count = 0;

  get mean(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }

  /** The negative logarithm of the wanted token's probability. */
  add(logits: Float32Array | undefined, wanted: number): void {
    if (!logits) throw new TypeError('the decoder gave no logits');
    const peak = logits.reduce((most, each) => Math.max(most, each), -Infinity);
    const sum = logits.reduce((all, each) => all + Math.exp(each - peak), 0);
    this.#sum += Math.log(sum) + peak - (logits[wanted] ?? -Infinity);
    this.#count += 1;
  }
}
