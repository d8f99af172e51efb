/** A span as the kernels take it: pages in GPU buffers, and where in them its tokens and heads lie. */
import type { Format } from '../../cache/format.ts';

/** Where vectors of a run of tokens lie in a page. */
export interface PagePart {
  readonly page: GPUBuffer;
  readonly format: Format;
  /** Of the first token. */
  readonly slot: number;
  readonly pageTokens: number;
  /** The word of the page where grids begin. */
  readonly firstGrid: number;
}

/** A run of tokens within one key page and one value page, for the KV heads of a unit. */
export interface GpuSpan {
  /** Spans with the same number are of the same KV heads. */
  readonly unit: number;
  readonly heads: number;
  readonly start: number;
  readonly end: number;
  readonly keys: PagePart;
  readonly values: PagePart;
  /** As `placesOf` gives it. */
  readonly places: GPUBuffer;
}

/** For each KV head: its number in the model, its places in the key page and in the value page, and nothing. */
export function placesOf(
  heads: readonly { head: number; inKeyPage: number; inValuePage: number }[],
): Uint32Array<ArrayBuffer> {
  return Uint32Array.from(heads.flatMap(({ head, inKeyPage, inValuePage }) => [head, inKeyPage, inValuePage, 0]));
}
