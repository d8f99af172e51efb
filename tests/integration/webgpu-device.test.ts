/** What the GPU runtime does with its device: traffic within a step, buffers over many questions, and losing it. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GpuLayers } from '../../engine/backends/webgpu/layers.ts';
import type { UnitPlan } from '../../engine/cache/plan.ts';
import type { ProximaError } from '../../engine/errors.ts';
import { cacheShape } from '../../engine/local/reading.ts';
import type { Decoder } from '../../engine/model/decoder.ts';
import { createNodeWebGpuRuntime } from '../../engine/runtime/webgpu-node.ts';
import { testDevice } from '../unit/backends/webgpu/adapter.ts';
import { ROOT } from './command.ts';
import { openDecoder } from './decoder.ts';

const FIXTURE = join(ROOT, 'tests/fixtures/parity/llama-packed-rotary-in');
/** A buffer that stays behind shows after a few; PROXIMA_CYCLES=2000 is the long run. */
const CYCLES = Number(process.env.PROXIMA_CYCLES ?? 200);
const probe = await testDevice();
probe?.destroy();

interface Opened {
  readonly decoder: Decoder;
  readonly layers: GpuLayers;
  readonly device: GPUDevice;
}

async function open(): Promise<Opened> {
  const runtime = await createNodeWebGpuRuntime();
  const created: GpuLayers[] = [];
  const decoder = await openDecoder(FIXTURE, {
    ...runtime,
    createLayers: (...parameters) => {
      const layers = runtime.createLayers(...parameters);
      if (layers instanceof GpuLayers) created.push(layers);
      return layers;
    },
  });
  const layers = created[0] as GpuLayers;
  return { decoder, layers, device: layers.memory.device };
}

/** Units of every kind and format: the first layer streams or leads, the second leads, the others follow it. */
function unitAt(layer: number, head: number): UnitPlan {
  if (layer > 1) return { role: 'follow', leader: 1, values: head === 0 ? 'int4' : 'f16' };
  if (layer === 0 && head > 0) return { role: 'stream' };
  return { role: 'lead', keys: head === 0 ? 'int4' : 'int8', values: layer === 0 ? 'int8' : 'int4' };
}

function cacheOf({ decoder }: Opened) {
  const { attention } = decoder.cut;
  const heads = attention[0]?.keyValueHeads ?? 0;
  return decoder.createCache(
    cacheShape(
      { decoder },
      {
        plan: { units: attention.map((_, layer) => Array.from({ length: heads }, (__, head) => unitAt(layer, head))) },
        proximity: { sinks: 4, recent: 64 },
      },
    ),
  );
}

const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => ((from + index) * 7919) % 60);

describe.skipIf(!probe)('the device', () => {
  it('sees no readback and no upload but parameters and the token between a step’s first and last layer', async () => {
    const opened = await open();
    const cache = cacheOf(opened);
    const { decoder, device } = opened;
    await decoder.forward(ids(0, 300), cache, { commit: true, want: 'nothing' });
    await decoder.forward(ids(300, 301), cache, { commit: false, want: 'candidates' });
    const sizes: number[] = [];
    let maps = 0;
    const write = device.queue.writeBuffer.bind(device.queue);
    device.queue.writeBuffer = ((...[buffer, offset, data, from, size]: Parameters<typeof write>) => {
      const bytes = (data as ArrayBufferView).byteLength;
      const element = 'BYTES_PER_ELEMENT' in data ? Number(data.BYTES_PER_ELEMENT) : 1;
      sizes.push(size === undefined ? bytes : size * element);
      write(buffer, offset, data, from, size);
    }) as GPUQueue['writeBuffer'];
    const map = GPUBuffer.prototype.mapAsync;
    GPUBuffer.prototype.mapAsync = function (...parameters) {
      maps += 1;
      return map.apply(this, parameters);
    };
    await decoder.forward(ids(301, 302), cache, { commit: false, want: 'candidates' });
    GPUBuffer.prototype.mapAsync = map;
    // One readback: the candidates. Uploads: our parameters in one piece, the candidates' own, and onnxruntime's few words a kernel.
    expect(maps).toBe(1);
    const ours = sizes.filter((size) => size >= 256);
    expect(ours.length).toBeLessThanOrEqual(2);
    expect(sizes.filter((size) => size < 256).every((size) => size <= 128)).toBe(true);
    cache.clear();
    await decoder.close();
  });

  it(`has as many buffers and bytes after ${CYCLES} questions as before`, async () => {
    const opened = await open();
    const cache = cacheOf(opened);
    const { decoder, layers } = opened;
    await decoder.forward(ids(0, 400), cache, { commit: true, want: 'nothing' });
    const ask = async () => {
      await decoder.forward(ids(400, 403), cache, { commit: false, want: 'candidates' });
      await decoder.forward(ids(403, 404), cache, { commit: false, want: 'candidates' });
      cache.rewind();
    };
    await ask();
    const before = [layers.memory.liveBuffers, layers.memory.liveBytes];
    for (let cycle = 0; cycle < CYCLES; cycle++) await ask();
    expect([layers.memory.liveBuffers, layers.memory.liveBytes]).toEqual(before);
    cache.clear();
    await decoder.close();
    expect([layers.memory.liveBuffers, layers.memory.liveBytes]).toEqual([0, 0]);
  }, 1_200_000);

  for (const [when, rows] of [
    ['while a document is read', 200],
    ['while an answer is made', 1],
  ] as const) {
    it(`says so when it is lost ${when}`, async () => {
      const opened = await open();
      const cache = cacheOf(opened);
      await opened.decoder.forward(ids(0, 100), cache, { commit: true, want: 'nothing' });
      const work = opened.decoder.forward(ids(100, 100 + rows), cache, { commit: rows > 1, want: 'candidates' });
      opened.device.destroy();
      const cause = await work.then(
        () => opened.decoder.forward(ids(0, 1), cache, { commit: false, want: 'candidates' }).catch((error) => error),
        (error: ProximaError) => error,
      );
      expect((cause as ProximaError).code).toBe('device-lost');
      // A new device takes the model again, and reads as if nothing had been.
      const again = await open();
      const fresh = cacheOf(again);
      const logits = await again.decoder.forward(ids(0, 100), fresh, { commit: true, want: 'logits' });
      expect(logits?.every(Number.isFinite)).toBe(true);
      fresh.clear();
      await again.decoder.close();
    });
  }
});
