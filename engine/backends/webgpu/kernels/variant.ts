/** The kernels' texts for what a device can do and for the formats of pages: native f16 and subgroups where it has them, correct without. */
import type { Format } from '../../../cache/format.ts';
import type { KernelFile, KernelSources } from './sources.ts';

export interface Variant {
  /** Pages of f16 are read as `vec2<f16>`; otherwise as packed words. The bytes are the same. */
  readonly nativeHalf: boolean;
  readonly subgroups: boolean;
}

/** What keys and values are kept in; kernels that read no values ask only for keys. */
export interface PageFormats {
  readonly keys: Format;
  readonly values: Format;
}

export function variantOf(device: GPUDevice): Variant {
  return { nativeHalf: device.features.has('shader-f16'), subgroups: device.features.has('subgroups') };
}

/** Where the pages of keys and values are bound in every kernel that reads them. */
const BINDINGS = { row: 1, key: 2, value: 3 } as const;

/** A kernel's text behind what it stands on. Directives come first: WGSL has them nowhere else. */
export function textOf(
  sources: KernelSources,
  kernel: 'append' | 'round' | 'prefill' | 'decode' | 'evidence',
  { nativeHalf, subgroups }: Variant,
  { keys, values }: PageFormats = { keys: 'f16', values: 'f16' },
): string {
  const pair = nativeHalf ? ['enable f16;\n', sources['pair-native']] : ['', sources['pair-packed']];
  const page = (part: keyof typeof BINDINGS, format: Format, width: 'pairs' | 'quads') => {
    const file: KernelFile = format === 'f16' ? `page-f16-${width}` : `page-${format}`;
    return sources[file].replaceAll('PART', part).replaceAll('BINDING', String(BINDINGS[part]));
  };
  // A subgroup's number is the same in all of it, which the compiler can't know.
  const directives = subgroups ? 'enable subgroups;\ndiagnostic(off, subgroup_uniformity);\n' : '';
  const before = {
    append: () => [...pair, sources.vector],
    round: () => [...pair, page('row', 'f16', 'quads')],
    prefill: () => [...pair, page('key', keys, 'quads'), page('value', values, 'quads')],
    evidence: () => [...pair, page('key', keys, 'pairs')],
    decode: () => [
      directives,
      ...pair,
      sources[subgroups ? 'soften-subgroups' : 'soften-plain'],
      page('key', keys, 'pairs'),
      page('value', values, 'pairs'),
    ],
  }[kernel];
  return [...before(), sources[kernel]].join('\n');
}
