/** WebGPU in plain Node: Dawn through the `webgpu` package, onnxruntime-web with its JSPI build. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { create, globals } from 'webgpu';
import { ProximaError } from '../errors.ts';
import { openFile } from '../folders/node.ts';
import { availableMemoryBytes } from './available-memory.ts';
import { readKernelFiles } from './kernel-files.ts';
import type { Runtime } from './runtime.ts';
import { createWebGpuRuntime } from './webgpu.ts';
import { isSoftwareName, requestDevice } from './webgpu-device.ts';

/** Milliseconds between two looks at whether a software adapter is done. */
const PATIENCE = 1;

let gpu: GPU | undefined;

/** The first adapter that Dawn finds, to be worked with; undefined where there is none, or no Vulkan loader. */
export async function requestNodeAdapter(): Promise<GPUAdapter | undefined> {
  const adapter = await findAdapter();
  if (adapter && isSoftware(adapter)) waitPatiently();
  return adapter;
}

async function findAdapter(): Promise<GPUAdapter | undefined> {
  Object.assign(globalThis, globals);
  gpu ??= create([]);
  return (await gpu.requestAdapter()) ?? undefined;
}

/** Whether there is an adapter that is no software. */
export async function hasGraphicsCard(): Promise<boolean> {
  const adapter = await findAdapter();
  return adapter !== undefined && !isSoftware(adapter);
}

function isSoftware(adapter: GPUAdapter): boolean {
  return adapter.info.isFallbackAdapter || isSoftwareName(nameOf(adapter));
}

/**
 * Dawn's binding asks again at every turn of the event loop whether the device is done, by the global `setImmediate`: a whole
 * core goes into that, and with a software adapter the cores are the device. A pause between two questions gives it back.
 */
function waitPatiently(): void {
  const later = (callback: (...given: unknown[]) => void, ...given: unknown[]) =>
    setTimeout(callback, PATIENCE, ...given);
  Object.defineProperty(globalThis, 'setImmediate', { value: later, configurable: true, writable: true });
}

function nameOf({ info }: GPUAdapter): string {
  return [info.vendor, info.architecture || info.description].filter(Boolean).join(' ');
}

/** Rejects with `runtime-missing` where there is no adapter. */
export async function createNodeWebGpuRuntime(): Promise<Runtime> {
  const adapter = await requestNodeAdapter();
  if (!adapter) {
    throw new ProximaError('runtime-missing', {
      runtime: 'webgpu',
      reason: 'there is no graphics adapter that WebGPU can use',
    });
  }
  Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true });
  const ort = await import('onnxruntime-web/jspi');
  const require = createRequire(import.meta.url);
  const wasm = readFileSync(require.resolve('onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm'));
  ort.env.wasm.wasmBinary = wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength);
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  const device = await requestDevice(adapter);
  acceptSharedMemory(device.queue);
  return createWebGpuRuntime({
    ort: ort as never,
    device,
    adapterName: nameOf(adapter),
    kernels: readKernelFiles(),
    availableBytes: availableMemoryBytes,
    readData: async (folder, name, offset, length) => {
      const file = await openFile(join(folder, name));
      try {
        return await file.read(offset, length ?? file.size - offset);
      } finally {
        await file.close();
      }
    },
  });
}

/** onnxruntime-web's heap is shared memory, which Dawn's binding does not take: it is copied first. */
function acceptSharedMemory(queue: GPUQueue): void {
  const write = queue.writeBuffer.bind(queue);
  const accepting = (
    buffer: GPUBuffer,
    offset: number,
    data: ArrayBufferLike | ArrayBufferView,
    from?: number,
    size?: number,
  ): void => {
    const backing = ArrayBuffer.isView(data) ? data.buffer : data;
    if (!(backing instanceof SharedArrayBuffer)) {
      write(buffer, offset, data as ArrayBuffer, from, size);
      return;
    }
    const view = ArrayBuffer.isView(data)
      ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      : new Uint8Array(data);
    const element = ArrayBuffer.isView(data) && 'BYTES_PER_ELEMENT' in data ? Number(data.BYTES_PER_ELEMENT) : 1;
    const begin = (from ?? 0) * element;
    const end = size === undefined ? view.length : begin + size * element;
    write(buffer, offset, view.slice(begin, end));
  };
  queue.writeBuffer = accepting as GPUQueue['writeBuffer'];
}
