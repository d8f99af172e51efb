import type { Format } from '../../engine/cache/format.ts';
import type { CacheParts, PartLabel } from '../../engine/cache/memory.ts';

export interface MemoryPart {
  readonly name: 'weights' | PartLabel | 'scratch';
  /** Of a part of the cache, where it is not as the model gave it. */
  readonly format: Exclude<Format, 'f16'> | undefined;
  readonly bytes: number;
}

/** The bar's parts in their order: the cache's own count between the model's weights and the scratch. */
export function memoryParts(parts: CacheParts, weightBytes: number, scratchBytes: number): MemoryPart[] {
  const plain = (name: MemoryPart['name'], bytes: number): MemoryPart => ({ name, format: undefined, bytes });
  return [
    plain('weights', weightBytes),
    ...parts.map(({ label, format, bytes }) => {
      return { name: label, format: format === 'f16' ? undefined : format, bytes };
    }),
    plain('scratch', scratchBytes),
  ];
}
