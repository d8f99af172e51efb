/** What host and supervisor say to each other besides the protocol. */
import type { Failure } from '../errors.ts';
import type { Reply } from './protocol.ts';

/** What a host says. */
export type HostMessage =
  | { readonly kind: 'ready'; readonly runtime: string }
  | { readonly kind: 'unfit'; readonly failure: Failure }
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'pong' };

/** Asks whether the host is alive, and tells what the system has free: a sandboxed host can't look for itself. */
export interface Ping {
  readonly kind: 'ping';
  readonly availableBytes: number;
}

export function isPing(message: unknown): message is Ping {
  return typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'ping';
}
