/** A span: a run of consecutive tokens with one place for its keys and one for its values. */
import type { Vectors } from './vectors.ts';

export interface Span {
  readonly start: number;
  readonly end: number;
  /** end − start vectors of head size elements each. */
  readonly keys: Vectors;
  readonly values: Vectors;
}
