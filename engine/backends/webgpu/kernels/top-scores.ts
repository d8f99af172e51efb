/** Finds the highest scores on the device (`top.wgsl`): 64 numbers and scores instead of a vocabulary. */
import type { Bound, Recorder } from './kernels.ts';
import { type BufferNumbers, createPipeline, type Uniforms } from './pipelines.ts';

export const KEPT = 64;
const SLICE = 4096;
/** Two u32, number and score. */
const ENTRY_BYTES = 8;

export class TopScores {
  readonly #uniforms: Uniforms;
  readonly #numbers: BufferNumbers;
  readonly #first: GPUComputePipeline;
  readonly #merge: GPUComputePipeline;

  constructor(device: GPUDevice, source: string, half: boolean, uniforms: Uniforms, numbers: BufferNumbers) {
    this.#uniforms = uniforms;
    this.#numbers = numbers;
    const constants = { KEPT, SLICE };
    this.#first = createPipeline(device, source, 'top', [1, 1], { ...constants, SCORES_ARE_HALF: Number(half) });
    this.#merge = createPipeline(device, source, 'top', [1, 1], { ...constants, INDEXED: 1 });
  }

  /** Bytes that each of the two scratch buffers needs for so many scores. */
  static scratchBytes(count: number): number {
    return Math.ceil(count / SLICE) * KEPT * ENTRY_BYTES;
  }

  /** Leaves the result in the buffer that comes back, KEPT entries. */
  plan(
    scores: Bound,
    count: number,
    scratch: readonly [GPUBuffer, GPUBuffer],
  ): { recorders: Recorder[]; result: GPUBuffer } {
    const recorders = [this.#plan(this.#first, count, scores, scratch[0])];
    let left = Math.ceil(count / SLICE) * KEPT;
    let [from, to] = scratch;
    for (; left > KEPT; left = Math.ceil(left / SLICE) * KEPT) {
      recorders.push(this.#plan(this.#merge, left, from, to));
      [from, to] = [to, from];
    }
    return { recorders, result: from };
  }

  #plan(pipeline: GPUComputePipeline, count: number, scores: Bound, best: GPUBuffer): Recorder {
    const offset = this.#uniforms.add([count]);
    return (pass) => {
      const bound = typeof scores === 'function' ? scores() : scores;
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, this.#numbers.groupOf(pipeline, this.#uniforms, [bound, best]), [offset]);
      pass.dispatchWorkgroups(Math.ceil(count / SLICE));
    };
  }
}
