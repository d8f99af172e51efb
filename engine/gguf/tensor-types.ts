/** How GGUF stores tensors: the types by their number in the file (ggml.h, ggml_type), and how Proxima holds those that it takes. */

/** A matrix of levels times scales, as MatMulNBits takes it. */
export interface LevelStorage {
  readonly kind: 'levels';
  /** Of a level in the graph; Q5 and Q6 take a whole byte. */
  readonly bits: 4 | 8;
  /** Weights that share a scale. */
  readonly block: 16 | 32;
  /** Whether a block has a smallest value of its own besides its scale. */
  readonly minima: boolean;
}

export interface FloatStorage {
  readonly kind: 'float';
  /** Of an element in the graph. */
  readonly bytes: 2 | 4;
}

export interface TensorType {
  readonly name: string;
  /** Elements that are stored together, and their bytes. */
  readonly block: number;
  readonly bytes: number;
  readonly storage: LevelStorage | FloatStorage;
}

const float = (bytes: 2 | 4): FloatStorage => ({ kind: 'float', bytes });
const levels = (bits: 4 | 8, block: 16 | 32, minima = false): LevelStorage => ({ kind: 'levels', bits, block, minima });

/** The types that Proxima takes, by number. */
const TYPES: Readonly<Record<number, TensorType>> = {
  0: { name: 'F32', block: 1, bytes: 4, storage: float(4) },
  1: { name: 'F16', block: 1, bytes: 2, storage: float(2) },
  2: { name: 'Q4_0', block: 32, bytes: 18, storage: levels(4, 32) },
  3: { name: 'Q4_1', block: 32, bytes: 20, storage: levels(4, 32, true) },
  6: { name: 'Q5_0', block: 32, bytes: 22, storage: levels(8, 32) },
  7: { name: 'Q5_1', block: 32, bytes: 24, storage: levels(8, 32, true) },
  8: { name: 'Q8_0', block: 32, bytes: 34, storage: levels(8, 32) },
  12: { name: 'Q4_K', block: 256, bytes: 144, storage: levels(4, 32, true) },
  13: { name: 'Q5_K', block: 256, bytes: 176, storage: levels(8, 32, true) },
  14: { name: 'Q6_K', block: 256, bytes: 210, storage: levels(8, 16) },
  // onnxruntime-web can't cast bfloat16, and float16 has not its range.
  30: { name: 'BF16', block: 1, bytes: 2, storage: float(4) },
};

/** Names of the others, for refusing them. */
const OTHERS: Readonly<Record<number, string>> = {
  9: 'Q8_1',
  10: 'Q2_K',
  11: 'Q3_K',
  15: 'Q8_K',
  16: 'IQ2_XXS',
  17: 'IQ2_XS',
  18: 'IQ3_XXS',
  19: 'IQ1_S',
  20: 'IQ4_NL',
  21: 'IQ3_S',
  22: 'IQ2_S',
  23: 'IQ4_XS',
  24: 'I8',
  25: 'I16',
  26: 'I32',
  27: 'I64',
  28: 'F64',
  29: 'IQ1_M',
  34: 'TQ1_0',
  35: 'TQ2_0',
  39: 'MXFP4',
  40: 'NVFP4',
};

export function tensorType(number: number): TensorType | undefined {
  return TYPES[number];
}

export function typeName(number: number): string {
  return TYPES[number]?.name ?? OTHERS[number] ?? `type ${number}`;
}
