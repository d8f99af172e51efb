/** The cache in ordinary memory, every KV head by itself. What it keeps where: `layout.ts`. */

import type { Span } from '../../attention/spans.ts';
import { LaidOutCache } from '../../cache/laid-out-cache.ts';
import { CacheLayout, headByHead, type Kept, tells } from '../../cache/layout.ts';
import type { CacheShape } from '../../cache/memory.ts';
import { pairSpans } from './pair-spans.ts';
import { VectorStore } from './store.ts';

export class PodCache extends LaidOutCache<VectorStore> {
  constructor(shape: CacheShape) {
    const createStore = ({ format, pageTokens }: { format: VectorStore['format']; pageTokens: number }) =>
      new VectorStore(format, shape.headSize, pageTokens);
    super(new CacheLayout(shape, createStore, headByHead));
  }

  /**
   * Adds the keys and values of new tokens to one layer. Each: KV heads × tokens × head size, f16 bits. commit: whether they are
   * going to be committed; what the window then leaves behind is rounded now, as the rows themselves may look at it.
   */
  append(layer: number, keys: Uint16Array, values: Uint16Array, commit: boolean): void {
    const size = keys.length / this.shape.heads;
    for (const [head, unit] of this.layout.units(layer).entries()) {
      this.#append(unit.keys, keys.subarray(head * size, (head + 1) * size), commit);
      this.#append(unit.values, values.subarray(head * size, (head + 1) * size), commit);
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
          .flatMap(({ keys, values, start, end }) => pairSpans(keys, values, start, end)),
      );
  }

  /** For each KV head whether it tells where in a text an answer comes from. */
  telling(layer: number): boolean[] {
    return this.layout.units(layer).map(tells);
  }

  #append(kept: Kept<VectorStore>, rows: Uint16Array, commit: boolean): void {
    const { headSize } = this.shape;
    const sinks = this.layout.newSinks(kept, rows.length / headSize);
    if (sinks > 0) kept.sinks.append(rows.subarray(0, sinks * headSize));
    kept.recent.append(rows);
    if (!commit) return;
    const { start, end } = this.layout.leaving(kept);
    for (let from = start; from < end; ) {
      const run = kept.recent.run(from, end);
      if (run.vectors.format === 'f16') kept.distant?.append(run.vectors.elements);
      from = run.end;
    }
  }
}
