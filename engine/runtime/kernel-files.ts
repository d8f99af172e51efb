/** The WGSL files, read from disk. */
import { readFileSync } from 'node:fs';
import type { KernelName, KernelSources } from '../attention/kernels/kernels.ts';

const NAMES: readonly KernelName[] = ['append', 'prefill', 'finish', 'decode', 'fold'];

export function readKernelFiles(): KernelSources {
  const read = (name: KernelName) =>
    readFileSync(new URL(`../attention/kernels/${name}.wgsl`, import.meta.url), 'utf8');
  return Object.fromEntries(NAMES.map((name) => [name, read(name)])) as Record<KernelName, string>;
}
