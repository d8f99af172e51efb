import type { CacheParts } from '../../engine/cache/memory.ts';

export interface MemoryPart {
  readonly name: 'weights' | keyof CacheParts | 'scratch';
  readonly bytes: number;
}

/** The bar's parts in their order: the cache's own count between the model's weights and the scratch. */
export function memoryParts(parts: CacheParts, weightBytes: number, scratchBytes: number): MemoryPart[] {
  const { values, leaderKeys, followerKeys, sinks } = parts;
  return [
    { name: 'weights', bytes: weightBytes },
    { name: 'values', bytes: values },
    { name: 'leaderKeys', bytes: leaderKeys },
    { name: 'followerKeys', bytes: followerKeys },
    { name: 'sinks', bytes: sinks },
    { name: 'scratch', bytes: scratchBytes },
  ];
}
