/** A span: a run of consecutive tokens with one place for its keys and one for its values. */

export interface Span {
  readonly start: number;
  readonly end: number;
  /** (end − start) × head size f16 bits each. */
  readonly keys: Uint16Array;
  readonly values: Uint16Array;
}
