import type { ShownFailure } from '../../electron/contract.ts';

/** A call that the services refused or could not do. */
export class FailedCall extends Error {
  readonly failure: ShownFailure;

  constructor(failure: ShownFailure) {
    super(`${failure.message} ${failure.wayOut}`);
    this.failure = failure;
  }
}
