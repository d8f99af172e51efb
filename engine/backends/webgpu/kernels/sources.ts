/** The WGSL files beside this one; a runtime knows how to get at their texts. */
export const KERNEL_FILES = [
  'pair-packed',
  'pair-native',
  'page-f16-pairs',
  'page-f16-quads',
  'page-int8',
  'page-int4',
  'vector',
  'append',
  'round',
  'queries',
  'prefill',
  'finish',
  'soften-plain',
  'soften-subgroups',
  'decode',
  'fold',
  'evidence',
  'top',
] as const;
export type KernelFile = (typeof KERNEL_FILES)[number];
/** WGSL text by file: a runtime knows how to get at files. */
export type KernelSources = Readonly<Record<KernelFile, string>>;
