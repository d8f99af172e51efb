/** The kernels' texts for what a device can do: with f16 arithmetic and subgroups where it has them, correct without. */
import type { KernelSources } from './sources.ts';

export interface Variant {
  /** Pages are read as `vec2<f16>`; otherwise as packed words. The bytes are the same. */
  readonly nativeHalf: boolean;
  readonly subgroups: boolean;
}

export function variantOf(device: GPUDevice): Variant {
  return { nativeHalf: device.features.has('shader-f16'), subgroups: device.features.has('subgroups') };
}

/** A kernel's text behind what it stands on. Directives come first: WGSL has them nowhere else. */
export function textOf(
  sources: KernelSources,
  kernel: 'append' | 'prefill' | 'decode' | 'evidence',
  { nativeHalf, subgroups }: Variant,
): string {
  const pair = nativeHalf ? ['enable f16;\n', sources['pair-native']] : ['', sources['pair-packed']];
  if (kernel === 'append') return [...pair, sources.vector, sources.append].join('\n');
  if (kernel !== 'decode') return [...pair, sources[kernel]].join('\n');
  // A subgroup's number is the same in all of it, which the compiler can't know.
  const directives = subgroups ? 'enable subgroups;\ndiagnostic(off, subgroup_uniformity);\n' : '';
  return [directives, ...pair, sources[subgroups ? 'soften-subgroups' : 'soften-plain'], sources.decode].join('\n');
}
