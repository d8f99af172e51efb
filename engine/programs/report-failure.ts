/** How a program ends that could not do what it was asked to. */
import { failureOf } from '../errors.ts';
import { sentencesFor } from '../words/words.ts';

const INTERRUPTED = 130;

/** One line on stderr; the code at its end is for programs that run this one. */
export function reportFailure(cause: unknown): void {
  const failure = failureOf(cause);
  process.stderr.write(`${sentencesFor(failure, 'terminal')} [${failure.code}]\n`);
  process.exitCode = failure.code === 'cancelled' ? INTERRUPTED : 1;
}
