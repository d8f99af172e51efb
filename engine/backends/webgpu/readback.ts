/** The one way back from the device while an answer is made: the highest logits, 64 numbers and scores. */
import type { BufferNumbers, Uniforms } from './kernels/pipelines.ts';
import { KEPT, TopScores } from './kernels/top-scores.ts';
import type { GpuMemory } from './store.ts';

// Bits of the WebGPU specification.
const MAP_READ_AND_COPY_TARGET = 0x1 | 0x8;
const MAP_FOR_READING = 1;
const ENTRY_BYTES = 8;

export interface Candidate {
  readonly number: number;
  readonly score: number;
}

export class GpuReadback {
  readonly #memory: GpuMemory;
  readonly #source: string;
  readonly #uniforms: Uniforms;
  readonly #numbers: BufferNumbers;
  readonly #finders = new Map<boolean, TopScores>();
  #staging: GPUBuffer | undefined;
  #scratch: [GPUBuffer, GPUBuffer] | undefined;

  constructor(memory: GpuMemory, source: string, uniforms: Uniforms, numbers: BufferNumbers) {
    this.#memory = memory;
    this.#source = source;
    this.#uniforms = uniforms;
    this.#numbers = numbers;
  }

  /** The highest of `count` f32 or f16 scores, highest first. */
  async highest(scores: GPUBuffer, count: number, half: boolean): Promise<Candidate[]> {
    const { device } = this.#memory;
    this.#staging ??= device.createBuffer({ size: KEPT * ENTRY_BYTES, usage: MAP_READ_AND_COPY_TARGET });
    const { recorders, result } = this.#finder(half).plan(scores, count, this.#room(count));
    this.#uniforms.flush();
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const recorder of recorders) recorder(pass);
    pass.end();
    encoder.copyBufferToBuffer(result, 0, this.#staging, 0, KEPT * ENTRY_BYTES);
    device.queue.submit([encoder.finish()]);
    await this.#staging.mapAsync(MAP_FOR_READING);
    const mapped = this.#staging.getMappedRange().slice(0);
    this.#staging.unmap();
    const [numbers, floats] = [new Uint32Array(mapped), new Float32Array(mapped)];
    return Array.from({ length: Math.min(KEPT, count) }, (_, rank) => ({
      number: numbers[2 * rank] ?? 0,
      score: floats[2 * rank + 1] ?? 0,
    }));
  }

  close(): void {
    this.#staging?.destroy();
    for (const buffer of this.#scratch ?? []) this.#memory.destroy(buffer, buffer.size);
    this.#scratch = undefined;
  }

  #finder(half: boolean): TopScores {
    const known = this.#finders.get(half);
    const finder = known ?? new TopScores(this.#memory.device, this.#source, half, this.#uniforms, this.#numbers);
    this.#finders.set(half, finder);
    return finder;
  }

  #room(count: number): [GPUBuffer, GPUBuffer] {
    const bytes = TopScores.scratchBytes(count);
    if (this.#scratch && this.#scratch[0].size >= bytes) return this.#scratch;
    for (const buffer of this.#scratch ?? []) this.#memory.destroy(buffer, buffer.size);
    this.#scratch = [this.#memory.create(bytes, 'top scores'), this.#memory.create(bytes, 'top scores')];
    return this.#scratch;
  }
}
