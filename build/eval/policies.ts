/** The ways to keep a document in memory that are compared, each as "read once, ask every question by itself". */
import { denseBytes, plannedParts, totalBytes } from '../../engine/cache/memory.ts';
import type { PlanFile } from '../../engine/cache/plan-file.ts';
import { decode } from '../../engine/generate/decode.ts';
import { prefill } from '../../engine/generate/prefill.ts';
import { createSampler, greedy } from '../../engine/generate/sampling.ts';
import { cacheShape, Reading } from '../../engine/local/reading.ts';
import { tokeniseDocument } from '../../engine/local/tokenise-document.ts';
import type { Model } from '../../engine/model/model.ts';
import { choosePolicy } from '../../engine/policy.ts';
import { EvictingCache, SinkWindowCache, type WatchingAttention } from './baselines.ts';
import type { EvaluationDocument } from './documents.ts';

export const BASELINES = ['streaming', 'snapkv', 'snapkv-question'] as const;
export type Baseline = (typeof BASELINES)[number];

export interface Reply {
  readonly answer: string;
  /** Pages by the evidence pass, best first; none for the baselines. */
  readonly pages: readonly number[];
}

export interface OpenDocument {
  ask(question: string): Promise<Reply>;
  close(): void;
}

const MAX_TOKENS = 40;
/** Rows at the end of the document by which question-blind eviction judges. */
const OBSERVED = 32;

/** Reads under dense or a plan of the file, through the engine's own front. */
export async function openReading(
  model: Model,
  policy: string,
  planFile: PlanFile,
  document: EvaluationDocument,
): Promise<OpenDocument> {
  const chosen = choosePolicy(model, { policy, planFile });
  const reading = await Reading.open(model, chosen, document, { availableBytes: Infinity });
  return {
    async ask(question) {
      const { answer, pages } = await reading.ask({
        text: question,
        turns: [],
        maxTokens: MAX_TOKENS,
        sampling: greedy,
      });
      return { answer, pages: pages.map(({ page }) => page) };
    },
    close: () => reading.close(),
  };
}

/** Share of the dense cache that a plan saves at a length, in whole pages, as they are allocated. */
export function savingOf(model: Model, policy: string, planFile: PlanFile, tokens: number): number {
  const shape = cacheShape(model, choosePolicy(model, { policy, planFile }));
  return 1 - totalBytes(plannedParts(shape, tokens)) / denseBytes(shape, tokens);
}

/** Reads under a baseline that may keep as many bytes as a plan takes. */
export async function openBaseline(
  model: Model,
  baseline: Baseline,
  document: EvaluationDocument,
  { policy, planFile }: { readonly policy: string; readonly planFile: PlanFile },
  attention: WatchingAttention,
): Promise<OpenDocument> {
  const { ids } = tokeniseDocument(model, document.pages);
  const kept = Math.round(ids.length * (1 - savingOf(model, policy, planFile, ids.length)));
  const shape = cacheShape(model, choosePolicy(model, { policy: 'dense', planFile }));
  const cache = baseline === 'streaming' ? new SinkWindowCache(shape) : new EvictingCache(shape);
  if (cache instanceof SinkWindowCache) cache.kept = kept;
  if (baseline === 'snapkv' && cache instanceof EvictingCache) await readAndEvict(model, cache, ids, kept, attention);
  else await prefill(model.decoder, cache, ids);
  return {
    async ask(question) {
      cache.rewind();
      const prompt = model.layout.question([], question);
      if (baseline === 'snapkv-question' && cache instanceof EvictingCache) {
        cache.keepAll();
        attention.watch(ids.length, kept, (layer, chosen) => cache.keep(layer, chosen));
      }
      const result = await decode(model.decoder, cache, prompt, {
        maxTokens: MAX_TOKENS,
        stopTokens: model.config.stopTokens,
        sampler: createSampler(greedy),
      });
      attention.stop();
      return { answer: model.tokenizer.decode(result.ids).trim(), pages: [] };
    },
    close: () => cache.clear(),
  };
}

/** Evicts once, before any question is known, by what the document's last tokens look at; these stay as well. */
async function readAndEvict(
  model: Model,
  cache: EvictingCache,
  ids: readonly number[],
  kept: number,
  attention: WatchingAttention,
): Promise<void> {
  const observed = ids.slice(-OBSERVED);
  const before = ids.length - observed.length;
  const chosen: Int32Array[][] = [];
  await prefill(model.decoder, cache, ids.slice(0, before));
  attention.watch(before, kept - OBSERVED, (_, heads) => chosen.push(heads));
  await model.decoder.forward(observed, cache, { commit: false, want: 'logits' });
  attention.stop();
  cache.rewind();
  await prefill(model.decoder, cache, observed);
  const latest = Int32Array.from(observed, (_, index) => before + index);
  for (const [layer, heads] of chosen.entries())
    cache.keep(
      layer,
      heads.map((tokens) => Int32Array.from([...tokens, ...latest])),
    );
}
