/** The runtime of this machine. */
import { createCpuRuntime } from './cpu.ts';
import type { Runtime } from './runtime.ts';

/**
 * auto: the graphics card where there is one, else the processor. WebGPU is loaded only where it is asked for: Dawn and its driver
 * take half a second. Rejects with `runtime-missing`.
 */
export async function chooseRuntime(choice: 'auto' | 'cpu' | 'webgpu', threads: number | undefined): Promise<Runtime> {
  if (choice !== 'cpu') {
    const { createNodeWebGpuRuntime, hasGraphicsCard } = await import('./webgpu-node.ts');
    if (choice === 'webgpu' || (await hasGraphicsCard())) return createNodeWebGpuRuntime();
  }
  return createCpuRuntime(threads === undefined ? {} : { threads });
}
