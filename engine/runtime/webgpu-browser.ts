/** WebGPU in Chromium, in a page or a worker: the browser's own adapter, onnxruntime-web with its JSPI build. */
import * as ort from 'onnxruntime-web/jspi';
import wasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm?url';
import { KERNEL_FILES, type KernelFile, type KernelSources } from '../backends/webgpu/kernels/sources.ts';
import { ProximaError } from '../errors.ts';
import { readHttpData } from '../folders/http.ts';
import type { Runtime } from './runtime.ts';
import { createWebGpuRuntime } from './webgpu.ts';
import { requestDevice } from './webgpu-device.ts';

const texts = import.meta.glob<string>('../backends/webgpu/kernels/*.wgsl', {
  query: '?raw',
  import: 'default',
  eager: true,
});

export function kernelSources(): KernelSources {
  const of = (name: KernelFile) => texts[`../backends/webgpu/kernels/${name}.wgsl`] ?? '';
  return Object.fromEntries(KERNEL_FILES.map((name) => [name, of(name)])) as Record<KernelFile, string>;
}

/**
 * availableBytes: what the host may take; browsers don't say what a graphics card has.
 * Rejects with `runtime-missing` where there is no adapter.
 */
export async function createBrowserWebGpuRuntime(availableBytes: () => number): Promise<Runtime> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) {
    throw new ProximaError('runtime-missing', {
      runtime: 'webgpu',
      reason: 'there is no graphics adapter that WebGPU can use',
    });
  }
  const device = await requestDevice(adapter);
  ort.env.wasm.wasmPaths = { wasm: wasmUrl };
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  const { vendor, architecture, description } = adapter.info;
  return createWebGpuRuntime({
    ort: ort as never,
    device,
    adapterName: [vendor, architecture || description].filter(Boolean).join(' '),
    kernels: kernelSources(),
    availableBytes,
    readData: readHttpData,
  });
}
