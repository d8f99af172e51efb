/** WebGPU in plain Node: Dawn through the `webgpu` package. */
import { create, globals } from 'webgpu';

let gpu: GPU | undefined;

/** The first adapter that Dawn finds; undefined where there is none, or no Vulkan loader. */
export async function requestNodeAdapter(): Promise<GPUAdapter | undefined> {
  Object.assign(globalThis, globals);
  gpu ??= create([]);
  return (await gpu.requestAdapter()) ?? undefined;
}
