/** One page's connection: its calls are answered, and it hears all events. */
import { WebSocket } from 'ws';
import { z } from 'zod';
import type { App } from '../services/app.ts';
import { answerCall } from '../services/calls.ts';

/** What a WebSocket's close frame says: data that does not fit its type (RFC 6455, 7.4.1). */
const MALFORMED = 1007;
/** Bytes that wait for a page which does not read; then it is given up. It connects again and asks for the state. */
const MOST_WAITING_BYTES = 64 * 2 ** 20;

const messageSchema = z.object({ id: z.number(), name: z.unknown(), parameters: z.unknown() });

export function connect(client: WebSocket, app: App): void {
  const send = (message: unknown) => {
    if (client.readyState !== WebSocket.OPEN) return; // It has gone meanwhile.
    if (client.bufferedAmount > MOST_WAITING_BYTES) client.terminate();
    else client.send(JSON.stringify(message), () => {});
  };
  const leave = app.onEvent((event) => send({ event }));
  client.on('close', leave);
  client.on('error', () => {
    leave();
    client.terminate();
  });
  client.on('message', async (data, isBinary) => {
    const message = isBinary ? undefined : parsed(String(data));
    if (message) send({ id: message.id, ...(await answerCall(app.handlers, message.name, message.parameters)) });
    else client.close(MALFORMED);
  });
}

function parsed(text: string): z.infer<typeof messageSchema> | undefined {
  try {
    return messageSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
