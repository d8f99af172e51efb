/** What words for failures are made of. */
import type { ErrorCode, FailureDetails } from '../errors.ts';

/** Who says it: the terminal names options, the app names what is on the screen. */
export type Front = 'terminal' | 'app';

export interface Words {
  readonly cause: string;
  readonly wayOut: string;
}

/** Words for some of the codes. */
export type WordsOf<Codes extends ErrorCode> = {
  readonly [Code in Codes]: (detail: FailureDetails[Code], front: Front) => Words;
};
