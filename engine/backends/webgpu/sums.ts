/** Buffers for attention sums of a step, and their way back into ordinary memory. */
import type { AttentionNode } from '../../model/attention-node.ts';
import type { LayerSums } from '../../model/layers.ts';
import type { GpuMemory } from './store.ts';

// Bits of the WebGPU specification.
const MAP_READ_AND_COPY_TARGET = 0x1 | 0x8;
const MAP_FOR_READING = 1;

export interface GpuSums {
  readonly wanted: LayerSums;
  /** As the evidence kernel takes what a row weighs: 1 for the rows and query heads that are wanted, else 0. */
  readonly tops: GPUBuffer;
  /** f32 a token from 0 on. */
  readonly mass: GPUBuffer;
  /** One past the last token of the runs. */
  readonly length: number;
  /** Tokens before the first run count for nothing. */
  readonly sinks: number;
}

export function startSums(memory: GpuMemory, node: AttentionNode, rows: number, wanted: LayerSums): GpuSums {
  const { queryHeads, keyValueHeads } = node;
  const weights = new Float32Array(Math.max(4, queryHeads * rows));
  const first = wanted.head * (queryHeads / keyValueHeads);
  for (const head of wanted.queryHeads) for (const row of wanted.rows) weights[(first + head) * rows + row] = 1;
  const tops = memory.create(weights.byteLength, 'wanted rows');
  memory.device.queue.writeBuffer(tops, 0, weights);
  const length = wanted.runs.at(-1)?.end ?? 0;
  const mass = memory.create(Math.max(16, length * 4), 'attention sums');
  return { wanted, tops, mass, length, sinks: wanted.runs[0]?.start ?? 0 };
}

/** Adds what each run got and destroys the buffers. */
export async function readSums(memory: GpuMemory, { wanted, tops, mass, length, sinks }: GpuSums): Promise<void> {
  const { device } = memory;
  const staging = device.createBuffer({ size: Math.max(16, (length - sinks) * 4), usage: MAP_READ_AND_COPY_TARGET });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(mass, sinks * 4, staging, 0, (length - sinks) * 4);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(MAP_FOR_READING);
  const shares = new Float32Array(staging.getMappedRange());
  for (const [index, { start, end }] of wanted.runs.entries()) {
    let sum = wanted.sums[index] ?? 0;
    for (let token = start; token < end; token++) sum += shares[token - sinks] ?? 0;
    wanted.sums[index] = sum;
  }
  staging.destroy();
  closeSums(memory, { tops, mass });
}

export function closeSums(memory: GpuMemory, { tops, mass }: Pick<GpuSums, 'tops' | 'mass'>): void {
  for (const buffer of [tops, mass]) memory.destroy(buffer, buffer.size);
}
