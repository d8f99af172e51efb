/** Serve mode: the app's services and screen on a loopback port, for any browser of this machine. */
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Transform } from 'node:stream';
import sirv from 'sirv';
import { type WebSocket, WebSocketServer } from 'ws';
import { failureOf, ProximaError } from '../../engine/errors.ts';
import { SECURITY_HEADERS } from '../headers.ts';
import type { App } from '../services/app.ts';
import { answerCall } from '../services/calls.ts';
import { bringsToken, cookieFor, type Guard, refusal } from './guard.ts';

export interface ServeOptions {
  readonly app: App;
  /** The built screen. */
  readonly screenFolder: string;
  /** Any free one where 0. */
  readonly port: number;
}

export interface Served {
  /** With the token: opening it is enough. */
  readonly url: string;
  close(): Promise<void>;
}

/** Longest message of the screen, in bytes, and largest file. */
const MOST_MESSAGE_BYTES = 1 << 20;
const MOST_FILE_BYTES = 2 ** 31;

export async function serve({ app, screenFolder, port }: ServeOptions): Promise<Served> {
  const guard: Guard = { token: randomBytes(24).toString('base64url'), port };
  const files = sirv(screenFolder, { dev: false, etag: true, dotfiles: false });
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    answerRequest(request, response, { app, guard, files });
  });
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MOST_MESSAGE_BYTES });
  server.on('upgrade', (request, socket, head) => {
    if (refusal(request, guard) !== undefined || request.url !== '/events') {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => connect(client, app));
  });
  await listen(server, port);
  guard.port = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${guard.port}/?token=${guard.token}`,
    close: async () => {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Rejects when the port is taken. */
function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}

interface Site {
  readonly app: App;
  readonly guard: Guard;
  readonly files: (request: IncomingMessage, response: ServerResponse, next: () => void) => void;
}

function answerRequest(request: IncomingMessage, response: ServerResponse, { app, guard, files }: Site): void {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  if (url.pathname === '/' && bringsToken(url, guard) && hasOwnHost(request, guard)) {
    response.writeHead(303, { Location: '/', 'Set-Cookie': cookieFor(guard), 'Cache-Control': 'no-store' }).end();
    return;
  }
  const refused = refusal(request, guard);
  if (refused !== undefined) {
    end(response, 403, refused);
    return;
  }
  const document = /^\/documents\/([0-9a-f-]{36})$/.exec(url.pathname)?.[1];
  if (url.pathname === '/documents' && request.method === 'POST') void takeFile(request, response, url, app);
  else if (document && request.method === 'GET') giveFile(response, document, app);
  else files(request, response, () => end(response, 404, 'There is nothing here.'));
}

function hasOwnHost(request: IncomingMessage, { port }: Guard): boolean {
  return request.headers.host === `127.0.0.1:${port}` || request.headers.host === `localhost:${port}`;
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(text);
}

async function takeFile(request: IncomingMessage, response: ServerResponse, url: URL, app: App): Promise<void> {
  const name = (url.searchParams.get('name') ?? '').slice(0, 255) || 'document';
  try {
    const content = request.pipe(limited(MOST_FILE_BYTES));
    request.on('aborted', () => content.destroy(new Error('the browser ended the transfer')));
    json(response, 201, { result: await app.addFile(name, content) });
  } catch (cause) {
    request.resume();
    json(response, 400, { failure: failureOf(cause) });
  }
}

function limited(most: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length;
      if (bytes <= most) done(null, chunk);
      else done(new ProximaError('file-too-large', { limitBytes: MOST_FILE_BYTES }));
    },
  });
}

function giveFile(response: ServerResponse, document: string, app: App): void {
  try {
    const file = createReadStream(app.fileOf(document));
    file.on('error', () => response.destroy());
    // Never as a page of its own: what is in a document must not run here.
    response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Disposition': 'attachment' });
    file.pipe(response);
  } catch (cause) {
    json(response, 404, { failure: failureOf(cause) });
  }
}

function json(response: ServerResponse, status: number, content: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(content));
}

/** One page: its calls are answered, and it hears all events. */
function connect(client: WebSocket, app: App): void {
  const send = (message: unknown) => client.send(JSON.stringify(message));
  const leave = app.onEvent((event) => send({ event }));
  client.on('close', leave);
  client.on('error', leave);
  client.on('message', async (data) => {
    const message = parsed(String(data));
    if (message) send({ id: message.id, ...(await answerCall(app.handlers, message.name, message.parameters)) });
    else client.close(1007);
  });
}

function parsed(text: string): { id: number; name: unknown; parameters: unknown } | undefined {
  try {
    const message = JSON.parse(text) as { id?: unknown; name?: unknown; parameters?: unknown } | null;
    return typeof message?.id === 'number'
      ? { id: message.id, name: message.name, parameters: message.parameters }
      : undefined;
  } catch {
    return undefined;
  }
}
