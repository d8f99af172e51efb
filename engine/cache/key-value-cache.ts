/** What the decoder needs of a cache, whatever it keeps: `PodCache` in the app, others where it is compared with them. */
import type { Proximity } from './sharing-plan.ts';
import type { Span } from './spans.ts';

export interface KeyValueCache {
  readonly proximity: Proximity;
  /** Tokens that stay. */
  readonly committed: number;
  /** All tokens, uncommitted ones included, as far as every layer has them. */
  readonly length: number;
  /** Adds the keys and values of new tokens to one layer. Each: KV heads × tokens × head size, f16 bits. */
  append(layer: number, keys: Uint16Array, values: Uint16Array): void;
  /**
   * The spans that queries at `from`..`to` of a layer attend to, a list a KV head; none crosses `from`, so that only the
   * spans from there on need a causal mask. `windowAt` is the position for which a recent window stands.
   */
  spans(layer: number, from: number, to: number, windowAt: number): Span[][];
  /** Keeps every token added so far. */
  commit(): void;
  /** Drops the uncommitted tokens from `length` on. Throws RangeError for a length before the committed one. */
  rewind(length?: number): void;
}
