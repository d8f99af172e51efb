import type { Failure } from '../../engine/errors.ts';
import { sentencesFor } from '../../engine/words/words.ts';

/** A call that the services refused or could not do. */
export class FailedCall extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(sentencesFor(failure, 'app'));
    this.failure = failure;
  }
}
