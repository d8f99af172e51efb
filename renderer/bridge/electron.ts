/** Electron's bridge: what the preload gives, with failures as errors again (errors lose their kind between the worlds). */

import type { Bridge, CallName, Verbs } from '../../electron/contract.ts';
import type { Failure } from '../../engine/errors.ts';
import { FailedCall } from './failed-call.ts';

type Outcome = { result: unknown } | { failure: Failure };
export type Exposed = Pick<Bridge, 'onEvent' | 'onConnection' | 'pathOf'> &
  Readonly<Record<CallName, (parameters: unknown) => Promise<Outcome>>>;

export function wrapExposed(exposed: Exposed): Bridge {
  const { onEvent, onConnection, pathOf, ...calls } = exposed;
  const verbs = Object.entries(calls).map(([name, call]) => [
    name,
    async (parameters: unknown) => {
      const outcome = await call(parameters);
      if ('failure' in outcome) throw new FailedCall(outcome.failure);
      return outcome.result;
    },
  ]);
  return { ...(Object.fromEntries(verbs) as Verbs), onEvent, onConnection, ...(pathOf ? { pathOf } : {}) };
}
