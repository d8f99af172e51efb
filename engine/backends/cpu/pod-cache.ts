/** The PoD cache in ordinary memory, f16 bits, every KV head by itself. What it keeps where: `layout.ts`. */

import type { Span } from '../../attention/spans.ts';
import { LaidOutCache } from '../../cache/laid-out-cache.ts';
import { CacheLayout, type FollowingUnit, follows, headByHead, newSinks } from '../../cache/layout.ts';
import type { CacheShape } from '../../cache/memory.ts';
import { HalfStore } from './half-store.ts';
import { pairSpans } from './pair-spans.ts';

export class PodCache extends LaidOutCache<HalfStore> {
  constructor(shape: CacheShape) {
    super(new CacheLayout(shape, (_, pageTokens) => new HalfStore(shape.headSize, pageTokens), headByHead));
  }

  /** Adds the keys and values of new tokens to one layer. Each: KV heads × tokens × head size, f16 bits. */
  append(layer: number, keys: Uint16Array, values: Uint16Array): void {
    const size = keys.length / this.shape.heads;
    for (const [head, unit] of this.layout.units(layer).entries()) {
      const keyRows = keys.subarray(head * size, (head + 1) * size);
      unit.values.append(values.subarray(head * size, (head + 1) * size));
      if (follows(unit)) this.#appendToFollower(unit, keyRows);
      else unit.keys.append(keyRows);
    }
  }

  /**
   * The spans that queries at `from`..`to` of a layer attend to, a list a KV head; none crosses `from`, so that only the
   * spans from there on need a causal mask. `windowAt` is the position for which the recent window stands.
   */
  spans(layer: number, from: number, to: number, windowAt: number): Span[][] {
    return this.layout
      .units(layer)
      .map((unit) =>
        this.layout
          .ranges(unit, from, to, windowAt)
          .flatMap(({ keys, start, end }) => pairSpans(keys, unit.values, start, end)),
      );
  }

  #appendToFollower(unit: FollowingUnit<HalfStore>, rows: Uint16Array): void {
    const { headSize, proximity } = this.shape;
    const sinks = newSinks(unit, rows.length / headSize, proximity);
    if (sinks > 0) unit.sinks.append(rows.subarray(0, sinks * headSize));
    unit.recent.append(rows);
  }
}
