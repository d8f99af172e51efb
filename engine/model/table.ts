/** Weights that the engine itself reads: rotary caches [positions, half] and norm weights [head size], as f32. */
export interface Table {
  readonly data: Float32Array;
  /** Elements of a row. */
  readonly width: number;
}
