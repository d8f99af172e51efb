/** From an untrusted message to a handler's result: the name is looked up, the parameters are checked. */
import { type Failure, failureOf, ProximaError } from '../../engine/errors.ts';
import { log } from '../../engine/log/log.ts';
import { type CallName, calls, type Handlers } from '../contract.ts';

export type CallOutcome = { result: unknown } | { failure: Failure };

/** Never rejects: what went wrong is in the outcome. */
export async function answerCall(handlers: Handlers, name: unknown, parameters: unknown): Promise<CallOutcome> {
  try {
    if (typeof name !== 'string' || !Object.hasOwn(calls, name)) throw invalid(`there is no call "${String(name)}"`);
    const call = name as CallName;
    const parsed = calls[call].safeParse(parameters);
    if (!parsed.success) throw invalid(parsed.error.issues[0]?.message ?? 'its parameters are malformed');
    return { result: await (handlers[call] as (parameters: unknown) => unknown)(parsed.data) };
  } catch (cause) {
    const failure = failureOf(cause);
    if (failure.code === 'unexpected') log.error(`the call ${String(name)} failed`, cause);
    return { failure };
  }
}

function invalid(why: string): ProximaError {
  return new ProximaError('request-invalid', { reason: why.slice(0, 200) });
}
