/** Loads the graph of a folder without tokenizer or template, as parity fixtures have none. */
import { join } from 'node:path';
import { PodCache } from '../../engine/backends/cpu/pod-cache.ts';
import { type CachePlan, densePlan } from '../../engine/cache/plan.ts';
import type { Proximity } from '../../engine/cache/proximity.ts';
import { openModelFolder } from '../../engine/folders/node.ts';
import { cacheShape } from '../../engine/local/reading.ts';
import { readConfig } from '../../engine/model/config.ts';
import { createDecoder } from '../../engine/model/create-decoder.ts';
import type { Decoder } from '../../engine/model/decoder.ts';
import { openGraph } from '../../engine/model/graph.ts';
import { readOnnx } from '../../engine/model/onnx.ts';
import { createCpuRuntime } from '../../engine/runtime/cpu.ts';
import type { Runtime } from '../../engine/runtime/runtime.ts';

export async function openDecoder(
  folder: string,
  runtime: Runtime = createCpuRuntime({ threads: 1 }),
): Promise<Decoder> {
  const source = await openGraph(await openModelFolder(folder));
  try {
    const hints = await readConfig(await openModelFolder(folder));
    return await createDecoder(await readOnnx(source), runtime, { hints, dataFolder: join(folder, 'onnx') });
  } finally {
    await source.close();
  }
}

export function cacheFor(
  decoder: Decoder,
  plan?: CachePlan,
  proximity: Proximity = { sinks: 16, recent: 256 },
  expectedTokens?: number,
): PodCache {
  const { attention } = decoder.cut;
  const heads = attention[0]?.keyValueHeads ?? 0;
  const shape = cacheShape({ decoder }, { plan: plan ?? densePlan(attention.length, heads), proximity });
  return new PodCache({ ...shape, expectedTokens });
}

/** Largest difference over largest magnitude. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let magnitude = 0;
  for (let index = 0; index < expected.length; index++) {
    difference = Math.max(difference, Math.abs((actual[index] ?? Number.NaN) - (expected[index] ?? 0)));
    magnitude = Math.max(magnitude, Math.abs(expected[index] ?? 0));
  }
  return Number.isNaN(difference) ? Infinity : difference / magnitude;
}
