/** Why a runtime did not start. */
import { type Failure, failureOf, firstLineOf, ProximaError } from '../errors.ts';

export function runtimeFailure(runtime: string, cause: unknown): Failure {
  return failureOf(
    cause instanceof ProximaError
      ? cause
      : new ProximaError('runtime-missing', { runtime, reason: firstLineOf(cause) }),
  );
}
