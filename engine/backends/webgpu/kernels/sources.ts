/** The WGSL files beside this one; a runtime knows how to get at their texts. */
export const KERNEL_FILES = [
  'pair-packed',
  'pair-native',
  'vector',
  'append',
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
