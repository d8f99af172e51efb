/** `@huggingface/transformers` on WebGPU in the same page, on the same folder. */
import { AutoModelForCausalLM, env, Tensor } from '@huggingface/transformers';
import { timesOfGeneration } from '../peer-generation.ts';
import { median } from '../samples.ts';

const WARM_UP_TOKENS = 64;
const DECODED = 6;

export async function measurePeer(
  folder: string,
  count: number,
): Promise<{ prefillSeconds: number; decodeMilliseconds: number }> {
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.useBrowserCache = false;
  const parts = folder.replace(/\/$/, '').split('/');
  env.localModelPath = new URL(`${parts.slice(0, -1).join('/')}/`, location.href).pathname;
  if (env.backends.onnx.wasm) env.backends.onnx.wasm.wasmPaths = new URL('/onnxruntime/', location.href).href;
  const dtype = folder.includes('q4') || folder.includes('random') ? ('q4' as const) : ('fp32' as const);
  const external = folder.includes('random') ? { use_external_data_format: true } : {};
  const model = await AutoModelForCausalLM.from_pretrained(parts.at(-1) ?? '', {
    dtype,
    device: 'webgpu',
    ...external,
  });
  try {
    await timesOfGeneration(model, Tensor, WARM_UP_TOKENS, DECODED);
    // The streamer is first given the prompt, just before it is read.
    const [before = 0, first = 0, ...rest] = await timesOfGeneration(model, Tensor, count, DECODED);
    const steps = [first, ...rest];
    const times = steps.slice(1).map((time, index) => time - (steps[index] ?? time));
    return { prefillSeconds: (first - before) / 1000, decodeMilliseconds: median(times) };
  } finally {
    await model.dispose();
  }
}
