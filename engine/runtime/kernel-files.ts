/** The WGSL files, read from disk. */
import { readFileSync } from 'node:fs';
import { KERNEL_FILES, type KernelFile, type KernelSources } from '../backends/webgpu/kernels/sources.ts';

export function readKernelFiles(): KernelSources {
  const read = (name: KernelFile) =>
    readFileSync(new URL(`../backends/webgpu/kernels/${name}.wgsl`, import.meta.url), 'utf8');
  return Object.fromEntries(KERNEL_FILES.map((name) => [name, read(name)])) as Record<KernelFile, string>;
}
