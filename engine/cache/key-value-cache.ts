/** What the engine needs of a cache, wherever its memory lies. */
import type { CacheParts, CacheShape } from './memory.ts';
import type { Proximity } from './proximity.ts';

export interface KeyValueCache {
  readonly shape: CacheShape;
  readonly proximity: Proximity;
  /** Tokens that stay. */
  readonly committed: number;
  /** All tokens, uncommitted ones included, as far as every layer has them. */
  readonly length: number;
  /** Keeps every token added so far and moves the recent window. */
  commit(): void;
  /** Drops the uncommitted tokens from `length` on. Throws RangeError for a length before the committed one. */
  rewind(length?: number): void;
  /** Bytes that are allocated, by part. */
  parts(): CacheParts;
  clear(): void;
}
