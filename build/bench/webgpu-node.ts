/** The same measurements in plain Node on Dawn, without the peer: for adapters that Chromium does not take, such as lavapipe. */
import { join } from 'node:path';
import { openModelFolder } from '../../engine/folders/node.ts';
import { loadModel } from '../../engine/model/model.ts';
import { readKernelFiles } from '../../engine/runtime/kernel-files.ts';
import { requestDevice } from '../../engine/runtime/webgpu-device.ts';
import { createNodeWebGpuRuntime, requestNodeAdapter } from '../../engine/runtime/webgpu-node.ts';
import { type EngineUnderTest, engineUnderTest } from './engine-under-test.ts';
import { measureBandwidth } from './webgpu-page/bandwidth.ts';
import { type Bench, measureAll, type Selection } from './webgpu-rows.ts';

function benchInNode(): Bench {
  let open: { readonly folder: string; readonly engine: EngineUnderTest } | undefined;
  const engine = () => {
    if (!open) throw new Error('no engine is open');
    return open.engine;
  };
  return {
    // onnxruntime-web takes one device for good; a model that is open already is kept.
    open: async ({ folder }) => {
      if (open?.folder === folder) return;
      await open?.engine.close();
      const runtime = await createNodeWebGpuRuntime();
      const model = await loadModel(await openModelFolder(folder), runtime, { dataFolder: join(folder, 'onnx') });
      open = { folder, engine: await engineUnderTest(model) };
    },
    prefill: (...parameters) => engine().prefill(...parameters),
    decode: (...parameters) => engine().decode(...parameters),
    close: async () => {},
    bandwidth: async (shape, tokens) => {
      const adapter = await requestNodeAdapter();
      const device = await requestDevice(adapter as GPUAdapter);
      const rates = await measureBandwidth(device, readKernelFiles(), shape, tokens);
      device.destroy();
      return rates;
    },
  };
}

export async function benchWebGpuInNode(selection: Selection): Promise<void> {
  const adapter = await requestNodeAdapter();
  if (!adapter) throw new Error('Dawn finds no adapter; VK_ICD_FILENAMES names a driver');
  const { vendor, architecture, description } = adapter.info;
  await measureAll(
    benchInNode(),
    [vendor, architecture, description].filter(Boolean).join(' '),
    selection,
    'webgpu-node',
  );
  process.exit(); // Dawn keeps the process alive.
}
