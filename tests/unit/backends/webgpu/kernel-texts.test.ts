/**
 * Every kernel in every variant, for shapes at the ends of what is allowed, before WebGPU's own validation: Dawn's null backend
 * has all features, so that the texts for devices with f16 arithmetic are checked where no such device is. It computes nothing.
 */

import { describe, expect, it } from 'vitest';
import { create, globals } from 'webgpu';
import { type KernelShape, Kernels } from '../../../../engine/backends/webgpu/kernels/kernels.ts';
import { BufferNumbers, Uniforms } from '../../../../engine/backends/webgpu/kernels/pipelines.ts';
import { FORMATS } from '../../../../engine/cache/format.ts';
import { readKernelFiles } from '../../../../engine/runtime/kernel-files.ts';
import { requestDevice } from '../../../../engine/runtime/webgpu-device.ts';

Object.assign(globalThis, globals);
// Kept: Dawn breaks down when its instance is collected before its devices.
const gpu = create(['backend=null']);
/** An adapter gives one device. */
const fresh = async () => requestDevice((await gpu.requestAdapter()) as GPUAdapter);
const shape = (headSize: number, ratio: number, halfTensors: boolean): KernelShape => ({
  queryHeads: 2 * ratio,
  keyValueHeads: 2,
  headSize,
  scale: headSize ** -0.5,
  window: 0,
  softcap: ratio === 3 ? 20 : 0,
  rotary: { half: headSize / 2, interleaved: halfTensors },
  norm: halfTensors ? { epsilon: 1e-6 } : undefined,
  halfTensors,
});

describe('the texts of the kernels', () => {
  for (const nativeHalf of [false, true])
    for (const subgroups of [false, true])
      it(`are valid ${nativeHalf ? 'with' : 'without'} f16, ${subgroups ? 'with' : 'without'} subgroups`, async () => {
        const device = await fresh();
        expect([...device.features]).toEqual(expect.arrayContaining(['shader-f16', 'subgroups']));
        device.pushErrorScope('validation');
        for (const each of [shape(8, 1, false), shape(80, 3, true), shape(256, 9, false)]) {
          const parts = [new Uniforms(device, 4), new BufferNumbers(device)] as const;
          const kernels = new Kernels(device, readKernelFiles(), each, ...parts, { nativeHalf, subgroups });
          for (const keys of FORMATS) for (const values of FORMATS) kernels.prepare({ keys, values });
        }
        expect((await device.popErrorScope())?.message).toBeUndefined();
        device.destroy();
      });

  it('would be found wrong if they were', async () => {
    const device = await fresh();
    const sources = { ...readKernelFiles(), 'pair-native': 'alias Pair = vec2<f16>;' };
    device.pushErrorScope('validation');
    const parts = [new Uniforms(device, 4), new BufferNumbers(device)] as const;
    new Kernels(device, sources, shape(64, 1, false), ...parts, { nativeHalf: true, subgroups: false });
    expect((await device.popErrorScope())?.message).toMatch(/unresolved call target/);
    device.destroy();
  });
});
