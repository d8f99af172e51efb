/** What a host says besides the protocol: whether it has started, and that it is still alive. */
export type HostMessage =
  | { kind: 'ready'; runtime: string }
  | { kind: 'unfit'; message: string; wayOut: string }
  | { kind: 'reply'; reply: unknown }
  | { kind: 'pong' };
