/** What every kernel needs of WebGPU: pipelines, parameters, and bind groups that are made once. */

/** Dynamic offsets of uniforms are multiples of this on every device. */
const UNIFORM_STEP = 256;
const DIMENSION_LIMIT = 65_535;
/** Bind groups that are kept: they hold on to their buffers, so old ones must go some time. */
const MOST_GROUPS = 8192;
// Bits of the WebGPU specification: Node has these constants only once Dawn is loaded.
const COMPUTE_STAGE = 4;
const UNIFORM_AND_COPY_TARGET = 0x40 | 0x8;

/** Parameters of the dispatches of one submit: written to the device in one piece before it. */
export class Uniforms {
  readonly buffer: GPUBuffer;
  readonly #device: GPUDevice;
  readonly #words: Uint32Array<ArrayBuffer>;
  #used = 0;

  constructor(device: GPUDevice, slots: number) {
    this.#device = device;
    this.#words = new Uint32Array((slots * UNIFORM_STEP) / 4);
    this.buffer = device.createBuffer({ size: slots * UNIFORM_STEP, usage: UNIFORM_AND_COPY_TARGET });
  }

  /** Keeps parameters; gives the offset to bind them at. Throws RangeError when the slots are used up. */
  add(values: readonly number[]): number {
    const offset = this.#used * UNIFORM_STEP;
    if (offset >= this.buffer.size) throw new RangeError('no uniform slot is left');
    this.#words.set(values, offset / 4);
    this.#used += 1;
    return offset;
  }

  /** Writes what was added to the device and starts over. */
  flush(): void {
    this.#device.queue.writeBuffer(this.buffer, 0, this.#words, 0, (this.#used * UNIFORM_STEP) / 4);
    this.#used = 0;
  }

  close(): void {
    this.buffer.destroy();
  }
}

/** Bind groups by pipeline and buffers, so that a page is bound once for good. */
export class BufferNumbers {
  readonly #device: GPUDevice;
  readonly #groups = new Map<string, GPUBindGroup>();
  readonly #numbers = new WeakMap<object, number>();
  #count = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  groupOf(pipeline: GPUComputePipeline, uniforms: Uniforms, buffers: readonly GPUBuffer[]): GPUBindGroup {
    const key = [pipeline, uniforms, ...buffers].map((each) => this.#numberOf(each)).join(' ');
    const known = this.#groups.get(key);
    if (known) return known;
    const resources = [{ buffer: uniforms.buffer, size: UNIFORM_STEP }, ...buffers.map((buffer) => ({ buffer }))];
    const group = this.#device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: resources.map((resource, binding) => ({ binding, resource })),
    });
    if (this.#groups.size >= MOST_GROUPS) this.forget();
    this.#groups.set(key, group);
    return group;
  }

  /** Lets go of all bind groups: they would keep destroyed buffers alive. */
  forget(): void {
    this.#groups.clear();
  }

  #numberOf(each: object): number {
    const known = this.#numbers.get(each);
    if (known !== undefined) return known;
    this.#count += 1;
    this.#numbers.set(each, this.#count);
    return this.#count;
  }
}

/** Workgroups for so many invocations, folded into two dimensions where one is not enough. */
export function flatGroups(invocations: number, workgroup: number): [number, number, number] {
  const groups = Math.ceil(invocations / workgroup);
  const rows = Math.ceil(groups / DIMENSION_LIMIT);
  return [Math.ceil(groups / rows), rows, 1];
}

/** A pipeline that binds its parameters at 0, then so many buffers it reads and so many it writes. */
export function createPipeline(
  device: GPUDevice,
  code: string,
  entryPoint: string,
  [reads, writes]: readonly [number, number],
  constants: Record<string, number>,
): GPUComputePipeline {
  const storage = (type: GPUBufferBindingType, count: number) => Array.from({ length: count }, () => ({ type }));
  const bindings: GPUBufferBindingLayout[] = [
    { type: 'uniform', hasDynamicOffset: true },
    ...storage('read-only-storage', reads),
    ...storage('storage', writes),
  ];
  const entries = bindings.map((buffer, binding) => ({ binding, visibility: COMPUTE_STAGE, buffer }));
  const layout = device.createPipelineLayout({ bindGroupLayouts: [device.createBindGroupLayout({ entries })] });
  const module = device.createShaderModule({ code, label: entryPoint });
  return device.createComputePipeline({ label: entryPoint, layout, compute: { module, entryPoint, constants } });
}
