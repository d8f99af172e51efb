/** What a model takes in memory once it is loaded, before any document: so that one that has no room is refused, not half loaded. */
import { ProximaError } from '../errors.ts';
import { type CutModel, rotaryCaches } from './cut.ts';
import type { OnnxInitializer, OnnxModel } from './onnx.ts';

/** ONNX element types by number: float32, uint8, int8, int32, int64, bool, float16, float64, bfloat16. */
const ELEMENT_BYTES: Readonly<Record<number, number>> = { 1: 4, 2: 1, 3: 1, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 16: 2 };
const LOOKED_UP: ReadonlySet<string> = new Set(['Gather', 'GatherBlockQuantized']);

/** Measured (`npm run bench -- --memory`): packed matrices over stored ones, and what a session and the runtime take by themselves. */
const PACKED = 1.25;
const SESSION_BYTES = 1.5 * 2 ** 20;
const RUNTIME_BYTES = 40 * 2 ** 20;
/** The engine's own copy and a session's. */
const TABLE_COPIES = 2;

/**
 * Bytes that stay in memory. Embeddings are looked up row by row: the system maps them and holds what is touched, which is little.
 * positions: rows of the rotary caches.
 */
export function residentBytes(cut: CutModel, positions: number): number {
  const lookedUp = tablesOf(cut.model);
  const weights = [...cut.model.initializers.values()].filter(({ name }) => !lookedUp.has(name));
  const stored = weights.reduce((sum, weight) => sum + bytesOf(weight), 0);
  const { headSize } = cut.attention[0] ?? { headSize: 0 };
  const tables = (rotaryCaches(cut).length / 2) * positions * headSize * 4;
  return Math.round(stored * PACKED + tables * TABLE_COPIES + cut.segments.length * SESSION_BYTES + RUNTIME_BYTES);
}

/** Throws `memory-too-small`. */
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

function bytesOf({ dimensions, dataType }: OnnxInitializer): number {
  return dimensions.reduce((product, size) => product * size, ELEMENT_BYTES[dataType] ?? 1);
}
