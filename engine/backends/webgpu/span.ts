/** A span as the kernels take it: pages in GPU buffers, and where in them its tokens and heads lie. */
/** A run of tokens within one key page and one value page, for the KV heads of a unit. */
export interface GpuSpan {
  /** Spans with the same number are of the same KV heads. */
  readonly unit: number;
  readonly heads: number;
  readonly start: number;
  readonly end: number;
  readonly keys: GPUBuffer;
  readonly keySlot: number;
  readonly keyPageTokens: number;
  readonly values: GPUBuffer;
  readonly valueSlot: number;
  readonly valuePageTokens: number;
  /** As `placesOf` gives it. */
  readonly places: GPUBuffer;
}

/** For each KV head: its number in the model, its places in the key page and in the value page, and nothing. */
export function placesOf(
  heads: readonly { head: number; inKeyPage: number; inValuePage: number }[],
): Uint32Array<ArrayBuffer> {
  return Uint32Array.from(heads.flatMap(({ head, inKeyPage, inValuePage }) => [head, inKeyPage, inValuePage, 0]));
}
