/** Where in a document a question's words lie, by the model's attention: one head's, from each telling word, summed by sentence. */
import type { KeyValueCache } from '../cache/key-value-cache.ts';
import { PROMPT_CHUNK } from '../generate/decode.ts';
import type { Decoder } from '../model/decoder.ts';
import { headsOf, type QuotingFile } from './quoting-file.ts';
import { withNeighbours } from './sentence-words.ts';
import type { SentenceTokens } from './tokenise-sentences.ts';

/**
 * Reads a question, uncommitted, and gives for each sentence the attention that it and its neighbours get from a telling word, 0–1 and
 * a little more. Rows: places of telling words within the prompt.
 */
export async function look(
  decoder: Decoder,
  cache: KeyValueCache,
  prompt: readonly number[],
  rows: readonly number[],
  sentences: readonly SentenceTokens[],
  { finder }: Pick<QuotingFile, 'finder'>,
): Promise<Float64Array> {
  const { ratio, layers } = headsOf(decoder.cut);
  const queryHeads = [...Array(ratio).keys()];
  // The last layer attends only where something is wanted of it.
  const want = finder.layer === layers - 1 ? 'logits' : 'nothing';
  const sums = new Float64Array(sentences.length);
  for (let done = 0; done < prompt.length; done += PROMPT_CHUNK) {
    const chunk = prompt.slice(done, done + PROMPT_CHUNK);
    const own = rows.map((row) => row - done).filter((row) => row >= 0 && row < chunk.length);
    const asked = { layer: finder.layer, head: finder.keyValueHead, queryHeads, rows: own, runs: sentences, sums };
    await decoder.forward(chunk, cache, { commit: false, want, sums: own.length > 0 ? [asked] : [] });
  }
  const each = Math.max(1, rows.length) * queryHeads.length;
  return withNeighbours(sums.map((sum) => sum / each));
}
