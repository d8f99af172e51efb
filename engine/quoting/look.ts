/** Where in a document a question's words lie, by the model's attention: one head's, from each telling word, summed by sentence. */
import type { KeyValueCache } from '../cache/key-value-cache.ts';
import type { Decoder } from '../model/decoder.ts';
import type { LayerSums } from '../model/layers.ts';
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
  const { ratio } = headsOf(decoder.cut);
  const queryHeads = [...Array(ratio).keys()];
  const sums: LayerSums = {
    layer: finder.layer,
    head: finder.keyValueHead,
    queryHeads,
    rows,
    runs: sentences,
    sums: new Float64Array(sentences.length),
  };
  await decoder.forward(prompt, cache, { commit: false, want: 'nothing', sums: [sums] });
  const each = Math.max(1, rows.length) * queryHeads.length;
  return withNeighbours(sums.sums.map((sum) => sum / each));
}
