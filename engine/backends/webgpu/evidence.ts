/** Buffers for where a step's rows look, and their way back into ordinary memory. */
import type { AttentionMass } from '../../attention/attention.ts';
import type { AttentionNode } from '../../model/attention-node.ts';
import type { GpuPodCache } from './pod-cache.ts';
import type { GpuMemory } from './store.ts';

// Bits of the WebGPU specification.
const MAP_READ_AND_COPY_TARGET = 0x1 | 0x8;
const MAP_FOR_READING = 1;

export interface GpuEvidence {
  readonly mass: GPUBuffer;
  readonly tops: readonly GPUBuffer[];
  of(layer: number, cache: GpuPodCache): { tops: GPUBuffer; mass: GPUBuffer; length: number; sinks: number };
}

/** Fresh buffers, which are zero. */
export function startEvidence(
  memory: GpuMemory,
  nodes: readonly AttentionNode[],
  rows: number,
  { mass: { length } }: AttentionMass,
): GpuEvidence {
  const mass = memory.create(Math.max(16, length * 4), 'attention mass');
  const tops = nodes.map(({ queryHeads }) => memory.create(Math.max(16, queryHeads * rows * 4), 'row tops'));
  return {
    mass,
    tops,
    of: (layer, cache) => ({ tops: tops[layer] as GPUBuffer, mass, length, sinks: cache.proximity.sinks }),
  };
}

/** Adds what was gathered to `target` and destroys the buffers. */
export async function readMass(memory: GpuMemory, evidence: GpuEvidence, target: AttentionMass): Promise<void> {
  const { device } = memory;
  const { mass } = evidence;
  const staging = device.createBuffer({ size: mass.size, usage: MAP_READ_AND_COPY_TARGET });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(mass, 0, staging, 0, mass.size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(MAP_FOR_READING);
  const values = new Float32Array(staging.getMappedRange());
  for (let token = 0; token < target.mass.length; token++)
    target.mass[token] = (target.mass[token] ?? 0) + (values[token] ?? 0);
  staging.destroy();
  closeEvidence(memory, evidence);
}

export function closeEvidence(memory: GpuMemory, { mass, tops }: GpuEvidence): void {
  for (const buffer of [mass, ...tops]) memory.destroy(buffer, buffer.size);
}
