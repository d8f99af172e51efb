/** The highest scores as the device finds them, against sorting. */
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { asNumbers, toBits } from '../../../../engine/attention/half.ts';
import { BufferNumbers, Uniforms } from '../../../../engine/backends/webgpu/kernels/pipelines.ts';
import { KEPT, TopScores } from '../../../../engine/backends/webgpu/kernels/top-scores.ts';
import { readKernelFiles } from '../../../../engine/runtime/kernel-files.ts';
import { normals } from '../../cache/random.ts';
import { testDevice } from './adapter.ts';

const device = await testDevice();
afterAll(() => device?.destroy());

async function highest(
  device_: GPUDevice,
  scores: Float32Array<ArrayBuffer>,
  half: boolean,
): Promise<[number, number][]> {
  const uniforms = new Uniforms(device_, 16);
  const finder = new TopScores(device_, readKernelFiles().top, half, uniforms, new BufferNumbers(device_));
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const buffer = (size: number) => device_.createBuffer({ size: Math.ceil(size / 16) * 16, usage });
  const source = buffer(scores.byteLength);
  const bytes = half ? new Uint8Array(toBits(scores).slice().buffer) : new Uint8Array(scores.buffer);
  const padded = new Uint8Array(source.size);
  padded.set(bytes);
  device_.queue.writeBuffer(source, 0, padded);
  const scratch = [
    buffer(TopScores.scratchBytes(scores.length)),
    buffer(TopScores.scratchBytes(scores.length)),
  ] as const;
  const { recorders, result } = finder.plan(source, scores.length, scratch);
  const staging = device_.createBuffer({ size: KEPT * 8, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = device_.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (const recorder of recorders) recorder(pass);
  pass.end();
  encoder.copyBufferToBuffer(result, 0, staging, 0, KEPT * 8);
  uniforms.flush();
  device_.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const mapped = staging.getMappedRange().slice(0);
  const [words, floats] = [new Uint32Array(mapped), new Float32Array(mapped)];
  for (const each of [source, ...scratch, staging]) each.destroy();
  return Array.from({ length: KEPT }, (_, index): [number, number] => [
    words[2 * index] ?? 0,
    floats[2 * index + 1] ?? 0,
  ]);
}

it.skipIf(!device)('finds the highest scores, in order, whatever the vocabulary', async () => {
  const counts = fc.oneof(fc.integer({ min: KEPT, max: 5000 }), fc.constantFrom(4096, 4097, 32_000, 151_936));
  await fc.assert(
    fc.asyncProperty(counts, fc.boolean(), fc.boolean(), fc.nat(1000), async (count, half, coarse, seed) => {
      // Coarse scores have many that are equal.
      const drawn = normals(seed, count).map((score) => (coarse ? Math.round(score) : score));
      const scores = half ? Float32Array.from(asNumbers(toBits(drawn))) : drawn;
      const expected = [...scores.entries()].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, KEPT);
      expect(await highest(device as GPUDevice, scores, half)).toEqual(expected);
    }),
    { numRuns: 12 },
  );
});
