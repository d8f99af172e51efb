/** Buffers that every layer uses again; they grow to the largest step and stay. */

import type { AttentionNode } from '../../model/attention-node.ts';
import type { GpuMemory } from './store.ts';

type Part = 'queries' | 'gathered' | 'peaks' | 'sums' | 'output' | 'partials' | 'states' | 'nothing';

export class GpuScratch {
  readonly #memory: GpuMemory;
  readonly #buffers = new Map<string, GPUBuffer>();
  #queryHeads = 0;
  #width = 0;

  constructor(memory: GpuMemory) {
    this.#memory = memory;
    this.#atLeast('nothing', 16);
  }

  /** Room for a step of so many rows in the widest layer. */
  reserve(nodes: readonly AttentionNode[], rows: number): void {
    this.#queryHeads = Math.max(...nodes.map(({ queryHeads }) => queryHeads));
    this.#width = Math.max(...nodes.map(({ queryHeads, headSize }) => queryHeads * headSize));
    for (const part of ['queries', 'gathered', 'output'] as const) this.#atLeast(part, rows * this.#width * 4);
    for (const part of ['peaks', 'sums'] as const) this.#atLeast(part, rows * this.#queryHeads * 4);
  }

  /** Room for the partial results of so many splits. */
  reserveSplits(splits: number): void {
    this.#atLeast('partials', splits * this.#width * 4);
    this.#atLeast('states', splits * this.#queryHeads * 8);
  }

  get queries(): GPUBuffer {
    return this.#of('queries');
  }

  get gathered(): GPUBuffer {
    return this.#of('gathered');
  }

  get peaks(): GPUBuffer {
    return this.#of('peaks');
  }

  get sums(): GPUBuffer {
    return this.#of('sums');
  }

  get output(): GPUBuffer {
    return this.#of('output');
  }

  get partials(): GPUBuffer {
    return this.#of('partials');
  }

  get states(): GPUBuffer {
    return this.#of('states');
  }

  /** For bindings that a layer does not use. */
  get nothing(): GPUBuffer {
    return this.#of('nothing');
  }

  /** A buffer for the last row of a tensor, by its name. */
  rowOf(name: string, bytes: number): GPUBuffer {
    return this.#atLeast(`row ${name}`, bytes);
  }

  close(): void {
    for (const buffer of this.#buffers.values()) this.#memory.destroy(buffer, buffer.size);
    this.#buffers.clear();
  }

  #of(part: Part): GPUBuffer {
    const buffer = this.#buffers.get(part);
    if (!buffer) throw new RangeError(`no scratch for ${part} has been reserved`);
    return buffer;
  }

  #atLeast(name: string, bytes: number): GPUBuffer {
    const known = this.#buffers.get(name);
    if (known && known.size >= bytes) return known;
    // Power of two: a growing document must not make a new buffer at every step.
    const size = 2 ** Math.ceil(Math.log2(Math.max(16, bytes)));
    const buffer = this.#memory.create(size, `scratch ${name}`);
    if (known) this.#memory.destroy(known, known.size);
    this.#buffers.set(name, buffer);
    return buffer;
  }
}
