/** One generation of `@huggingface/transformers`, timed the same on every device. */
import type { PreTrainedModel, Tensor } from '@huggingface/transformers';
import { tokenIds } from './samples.ts';

/** When the prompt was given to the streamer, just before it is read, and when each of `decoded` + 1 tokens was. */
export async function timesOfGeneration(
  model: PreTrainedModel,
  TensorClass: typeof Tensor,
  length: number,
  decoded: number,
): Promise<number[]> {
  const times: number[] = [];
  const streamer = { put: () => times.push(performance.now()), end: () => {} };
  await model.generate({
    inputs: new TensorClass('int64', BigInt64Array.from(tokenIds(length), BigInt), [1, length]),
    attention_mask: new TensorClass('int64', new BigInt64Array(length).fill(1n), [1, length]),
    max_new_tokens: decoded + 1,
    min_new_tokens: decoded + 1,
    do_sample: false,
    streamer: streamer as never,
  } as never);
  return times;
}
