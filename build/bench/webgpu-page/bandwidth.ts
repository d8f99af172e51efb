/** Decode attention alone against a plain copy: what share of the device's memory rate it reaches. */
import { type KernelShape, Kernels, splitsOf } from '../../../engine/backends/webgpu/kernels/kernels.ts';
import { BufferNumbers, Uniforms } from '../../../engine/backends/webgpu/kernels/pipelines.ts';
import type { KernelSources } from '../../../engine/backends/webgpu/kernels/sources.ts';
import { GpuPodCache } from '../../../engine/backends/webgpu/pod-cache.ts';
import { GpuMemory } from '../../../engine/backends/webgpu/store.ts';
import { type Format, vectorBytes } from '../../../engine/cache/format.ts';
import type { CachePlan } from '../../../engine/cache/plan.ts';

export type AttentionShapeMeasured = Pick<KernelShape, 'queryHeads' | 'keyValueHeads' | 'headSize'>;

/** Dispatches a submit: a submit's own time does not count then. */
const REPEATS = 8;
const ROUNDS = 4;
const CHUNK = 512;
const STORAGE = 0x80;
const WORKGROUP = 256;

const COPY = `
@group(0) @binding(0) var<storage, read> source: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> target_: array<vec4u>;
@compute @workgroup_size(${WORKGROUP})
fn copy(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var at = id.x; at < arrayLength(&source); at += groups.x * ${WORKGROUP}u) { target_[at] = source[at]; }
}`;

function planIn(format: Format, heads: number): CachePlan {
  return { units: [Array.from({ length: heads }, () => ({ role: 'lead', keys: format, values: format }))] };
}

/** format: of the pages that are read; bytes count as they lie there. */
export async function measureBandwidth(
  device: GPUDevice,
  sources: KernelSources,
  shape: AttentionShapeMeasured,
  tokens: number,
  format: Format = 'f16',
): Promise<{ attention: number; copy: number }> {
  const bytes = tokens * shape.keyValueHeads * 2 * vectorBytes(format, shape.headSize);
  const attention = bytes / (await attentionSeconds(device, sources, shape, tokens, format));
  return { attention, copy: (2 * bytes) / (await copySeconds(device, bytes)) };
}

/** The best of some rounds, for one dispatch. */
async function secondsOf(device: GPUDevice, record: (pass: GPUComputePassEncoder) => void): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round <= ROUNDS; round++) {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let repeat = 0; repeat < REPEATS; repeat++) record(pass);
    pass.end();
    const started = performance.now();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    if (round > 0) best = Math.min(best, (performance.now() - started) / 1000 / REPEATS);
  }
  return best;
}

async function attentionSeconds(
  device: GPUDevice,
  sources: KernelSources,
  shape: AttentionShapeMeasured,
  tokens: number,
  format: Format,
): Promise<number> {
  const { queryHeads, keyValueHeads, headSize } = shape;
  const memory = new GpuMemory(device);
  const uniforms = new Uniforms(device, 1024);
  const whole: KernelShape = {
    ...shape,
    scale: headSize ** -0.5,
    softcap: 0,
    window: 0,
    rotary: undefined,
    norm: undefined,
    halfTensors: false,
  };
  const kernels = new Kernels(device, sources, whole, uniforms, new BufferNumbers(device));
  const proximity = { sinks: 0, recent: 0 };
  const cache = new GpuPodCache(
    { layers: 1, heads: keyValueHeads, headSize, plan: planIn(format, keyValueHeads), proximity, windows: [0] },
    memory,
  );
  // Chunk by chunk, as a document is read: tokens that leave the window are rounded.
  for (let done = 0; done < tokens; done += CHUNK) {
    cache.extend(0, Math.min(CHUNK, tokens - done), true);
    cache.commit();
  }
  const spans = cache.spans(0, tokens, tokens, tokens);
  const splits = spans.reduce((sum, { start, end }) => sum + splitsOf(end - start), 0);
  const create = (elements: number) => memory.create(Math.max(16, elements * 4), 'scratch');
  const scratch = {
    queries: create(queryHeads * headSize),
    partials: create(splits * queryHeads * headSize),
    states: create(splits * queryHeads * 2),
  };
  const recorders = kernels.decode(scratch, create(queryHeads * headSize), spans);
  uniforms.flush();
  return secondsOf(device, (pass) => {
    for (const recorder of recorders) recorder(pass);
  });
}

async function copySeconds(device: GPUDevice, bytes: number): Promise<number> {
  const [source, target] = [0, 1].map(() => device.createBuffer({ size: bytes, usage: STORAGE })) as [
    GPUBuffer,
    GPUBuffer,
  ];
  const module = device.createShaderModule({ code: COPY });
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module, entryPoint: 'copy' } });
  const group = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [source, target].map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const seconds = await secondsOf(device, (pass) => {
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(Math.min(65_535, Math.ceil(bytes / 16 / WORKGROUP)));
  });
  source.destroy();
  target.destroy();
  return seconds;
}
