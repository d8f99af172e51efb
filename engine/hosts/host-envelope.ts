/** What a host says besides the protocol: whether it has started, and that it is still alive. */
import type { Failure } from '../errors.ts';

export type HostMessage =
  | { kind: 'ready'; runtime: string }
  | { kind: 'unfit'; failure: Failure }
  | { kind: 'reply'; reply: unknown }
  | { kind: 'pong' };
