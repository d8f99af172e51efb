/** Serve mode's bridge: calls and events over one WebSocket, which is opened again when it breaks. */

import type { AppEvent, Bridge, CallName } from '../../electron/contract.ts';
import type { Failure } from '../../engine/errors.ts';
import { FailedCall } from './failed-call.ts';

interface Pending {
  resolve(result: unknown): void;
  reject(cause: FailedCall): void;
}

type Message = { event: AppEvent } | { id: number; result: unknown } | { id: number; failure: Failure };

const LOST: Failure = { code: 'connection-lost', detail: {} };
const FIRST_WAIT = 250;
const LONGEST_WAIT = 4000;

export function connectWebSocket(): Bridge {
  const pending = new Map<number, Pending>();
  const eventListeners: ((event: AppEvent) => void)[] = [];
  const connectionListeners: ((connected: boolean) => void)[] = [];
  let socket: WebSocket;
  let next = 1;
  let wait = FIRST_WAIT;
  let ready = Promise.withResolvers<void>();

  const tell = (connected: boolean) => {
    for (const listener of connectionListeners) listener(connected);
  };
  const receive = (message: Message) => {
    if ('event' in message) {
      for (const listener of eventListeners) listener(message.event);
      return;
    }
    const call = pending.get(message.id);
    pending.delete(message.id);
    if ('failure' in message) call?.reject(new FailedCall(message.failure));
    else call?.resolve(message.result);
  };
  const open = () => {
    socket = new WebSocket(`ws://${location.host}/events`);
    socket.onmessage = ({ data }) => receive(JSON.parse(data) as Message);
    socket.onopen = () => {
      wait = FIRST_WAIT;
      ready.resolve();
      tell(true);
    };
    socket.onclose = () => {
      for (const call of pending.values()) call.reject(new FailedCall(LOST));
      pending.clear();
      ready = Promise.withResolvers();
      tell(false);
      setTimeout(open, wait);
      wait = Math.min(LONGEST_WAIT, wait * 2);
    };
  };
  open();

  const call = async (name: CallName, parameters: unknown) => {
    await ready.promise;
    return new Promise((resolve, reject) => {
      const id = next++;
      pending.set(id, { resolve, reject });
      socket.send(JSON.stringify({ id, name, parameters }));
    });
  };
  const others = {
    onEvent: (listener: (event: AppEvent) => void) => void eventListeners.push(listener),
    onConnection: (listener: (connected: boolean) => void) => void connectionListeners.push(listener),
    // Browsers don't say where a file lies; and it is no call.
    pathOf: undefined,
  };
  // Every other name is a call: the services know which there are.
  return new Proxy(others, {
    get: (target, name) =>
      name in target
        ? target[name as keyof typeof others]
        : (parameters: unknown) => call(name as CallName, parameters),
  }) as unknown as Bridge;
}
