/** Models that are made of GGUF on WebGPU and on the CPU: every way in which weights are held. */
import { describe, expect, it } from 'vitest';
import { densePlan } from '../../engine/cache/plan.ts';
import { cacheShape } from '../../engine/local/reading.ts';
import { createCpuRuntime } from '../../engine/runtime/cpu.ts';
import type { Runtime } from '../../engine/runtime/runtime.ts';
import { createNodeWebGpuRuntime } from '../../engine/runtime/webgpu-node.ts';
import { testDevice } from '../unit/backends/webgpu/adapter.ts';
import { openDecoder, relativeError } from './decoder.ts';
import { expectedOf, ggufNames, imported } from './gguf.ts';

const device = await testDevice();
device?.destroy();
const gpu = device ? await createNodeWebGpuRuntime() : undefined;

/** Logits of the prompt's last token and of those behind it. */
async function logitsOf(name: string, runtime: Runtime): Promise<ArrayLike<number>[]> {
  const { ids, prompt } = expectedOf(name);
  const decoder = await openDecoder(await imported(name, { activations: 'float' }), runtime);
  const { attention } = decoder.cut;
  const plan = densePlan(attention.length, attention[0]?.keyValueHeads ?? 0);
  const cache = decoder.createCache({
    ...cacheShape({ decoder }, { plan, proximity: { sinks: 4, recent: 64 } }),
    expectedTokens: ids.length,
  });
  const rows = [await decoder.forward(ids.slice(0, prompt), cache, { commit: true, want: 'logits' })];
  for (const id of ids.slice(prompt)) rows.push(await decoder.forward([id], cache, { commit: true, want: 'logits' }));
  cache.clear();
  await decoder.close();
  return rows.map((row) => row ?? []);
}

describe.skipIf(!gpu)('GGUF on WebGPU', () => {
  it.each(ggufNames)('%s: as on the CPU', async (name) => {
    const theirs = await logitsOf(name, createCpuRuntime({ threads: 1 }));
    const ours = await logitsOf(name, gpu as Runtime);
    expect(ours).toHaveLength(5);
    const errors = ours.map((row, index) => relativeError(row, theirs[index] ?? []));
    expect(Math.max(...errors)).toBeLessThan(5e-3);
  });
});
