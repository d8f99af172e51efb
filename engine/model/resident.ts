/** What a model takes in memory once it is loaded, before any document: so that one that has no room is refused, not half loaded. */
import { ProximaError } from '../errors.ts';
import { type CutModel, rotaryCaches } from './cut.ts';
import type { OnnxInitializer, OnnxModel, OnnxNode } from './onnx.ts';

/** ONNX element types by number: float32, uint8, int8, int32, int64, bool, float16, float64, bfloat16. */
const ELEMENT_BYTES: Readonly<Record<number, number>> = { 1: 4, 2: 1, 3: 1, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 16: 2 };
const FLOAT = 1;
const FLOAT16 = 10;
const LOOKED_UP: ReadonlySet<string> = new Set(['Gather', 'GatherBlockQuantized']);
const MULTIPLIED: ReadonlySet<string> = new Set(['MatMul', 'Gemm']);

/**
 * Floats that onnxruntime's CPU provider keeps for every block of a quantised matrix besides its stored levels and scales: a copy of the
 * scale in the packed matrix, and what the block's middle takes from a sum (matmul_nbits.cc, sqnbitgemm; measured for 4 and 8 bits).
 */
const PACKED_FLOATS = 2;
/** Measured (`build/bench/gguf-load.ts`): what a session and the runtime take by themselves. */
const SESSION_BYTES = 1.5 * 2 ** 20;
const RUNTIME_BYTES = 40 * 2 ** 20;
/** The engine's own copy and a session's. */
const TABLE_COPIES = 2;

/**
 * Bytes that stay in memory. Embeddings are looked up row by row: the system maps them and holds what is touched, which is little.
 * positions: rows of the rotary caches. packs: whether the runtime lays matrices out anew and has no arithmetic in f16, as the CPU's.
 */
export function residentBytes(cut: CutModel, positions: number, packs: boolean): number {
  const { model, segments, attention } = cut;
  const apart = new Set([...tablesOf(model), ...rotaryCaches(cut)]);
  const weights = [...model.initializers.values()].filter(({ name }) => !apart.has(name));
  const wide = packs ? widened(model) : new Set<string>();
  const stored = weights.reduce((sum, weight) => sum + bytesOf(weight) * (wide.has(weight.name) ? 2 : 1), 0);
  const packed = packs ? model.nodes.reduce((sum, node) => sum + packedBytes(node), 0) : 0;
  const tables = (rotaryCaches(cut).length / 2) * positions * (attention[0]?.headSize ?? 0) * 4 * TABLE_COPIES;
  return Math.round(stored + packed + tables + segments.length * SESSION_BYTES + RUNTIME_BYTES);
}

/**
 * Bytes that loading takes for a while on top. Where matrices are packed: the largest of f16, which is widened whole before; elsewhere a
 * segment's weights, piece by piece and together (`weights.ts`).
 */
export function loadingBytes({ model, segments }: CutModel, packs: boolean): number {
  const sizeOf = (name: string) => bytesOf(model.initializers.get(name) as OnnxInitializer);
  const groups = packs ? [...widened(model)].map((name) => [name]) : segments.map(({ initializers }) => initializers);
  const sizes = groups.map((names) => names.reduce((sum, name) => sum + 2 * sizeOf(name), 0));
  return sizes.reduce((most, size) => Math.max(most, size), 0);
}

/** Throws `model-too-large`. */
export function requireRoom(name: string, needed: number, availableBytes: number): void {
  if (needed <= availableBytes) return;
  throw new ProximaError('model-too-large', { model: name, neededBytes: needed, availableBytes });
}

/** Weights that only lookups take. */
function tablesOf({ nodes }: OnnxModel): Set<string> {
  const lookups = nodes.filter(({ operator }) => LOOKED_UP.has(operator)).map(({ inputs }) => inputs[0] ?? '');
  const others = new Set(nodes.filter(({ operator }) => !LOOKED_UP.has(operator)).flatMap(({ inputs }) => [...inputs]));
  return new Set(lookups.filter((name) => !others.has(name)));
}

/** What is kept of a quantised matrix beside the levels and scales that are stored. */
function packedBytes({ operator, attributes }: OnnxNode): number {
  if (operator !== 'MatMulNBits') return 0;
  const of = (name: string) => Number(attributes.get(name) ?? 0);
  return of('N') * Math.ceil(of('K') / of('block_size')) * PACKED_FLOATS * 4;
}

/** f16 weights of matrix products, which are held as f32: where the graph casts them, or where no kernel multiplies f16. */
function widened({ nodes, initializers }: OnnxModel): Set<string> {
  const origins = new Map(
    [...initializers.values()].flatMap(({ name, dataType }) => (dataType === FLOAT16 ? [[name, name]] : [])),
  );
  const wide = new Set<string>();
  for (const { operator, inputs, outputs, attributes } of nodes) {
    const taken = inputs.flatMap((name) => origins.get(name) ?? []);
    if (operator === 'Transpose' && taken[0]) origins.set(outputs[0] ?? '', taken[0]);
    const cast = operator === 'Cast' && attributes.get('to') === FLOAT;
    if (cast || MULTIPLIED.has(operator)) for (const name of taken) wide.add(name);
  }
  return wide;
}

function bytesOf({ dimensions, dataType }: OnnxInitializer): number {
  return dimensions.reduce((product, size) => product * size, ELEMENT_BYTES[dataType] ?? 1);
}
