/** What every cache does alike, wherever its stores lie: it asks its layout. */
import type { KeyValueCache } from './key-value-cache.ts';
import type { CacheLayout, TokenStore } from './layout.ts';
import type { CacheParts, CacheShape } from './memory.ts';
import type { Proximity } from './proximity.ts';

export abstract class LaidOutCache<Store extends TokenStore> implements KeyValueCache {
  protected readonly layout: CacheLayout<Store>;

  constructor(layout: CacheLayout<Store>) {
    this.layout = layout;
  }

  get shape(): CacheShape {
    return this.layout.shape;
  }

  get proximity(): Proximity {
    return this.shape.proximity;
  }

  get committed(): number {
    return this.layout.committed;
  }

  get length(): number {
    return this.layout.length;
  }

  commit(): void {
    this.layout.commit();
  }

  rewind(length: number = this.committed): void {
    this.layout.rewind(length);
  }

  /** Bytes that are allocated, by part, counted in the stores. */
  parts(): CacheParts {
    return this.layout.parts();
  }

  clear(): void {
    this.layout.clear();
  }
}
