/** Serve mode: the app's services and screen on a loopback port, for any browser of this machine. */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import sirv from 'sirv';
import { WebSocketServer } from 'ws';
import { hideFromLog, log } from '../../engine/log/log.ts';
import { SECURITY_HEADERS } from '../headers.ts';
import type { App } from '../services/app.ts';
import { end, giveFile, takeFile } from './files.ts';
import { bringsToken, cookieFor, type Guard, hasOwnHost, refusal, targetOf } from './guard.ts';
import { connect } from './socket.ts';

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

/** Longest message of the screen, in bytes. */
const MOST_MESSAGE_BYTES = 1 << 20;
/** Headers that take longer to arrive are not waited for, and no more of them is read. Milliseconds; bytes. */
const HEADERS_PATIENCE = 10_000;
const MOST_HEADER_BYTES = 16_384;
/** A connection on which nothing moves is given up; uploads move. Milliseconds. */
const IDLE_PATIENCE = 120_000;

type Files = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

interface Site {
  readonly app: App;
  readonly guard: Guard;
  readonly files: Files;
}

/** Rejects when the port is taken. */
export async function serve({ app, screenFolder, port }: ServeOptions): Promise<Served> {
  const guard: Guard = { token: randomBytes(24).toString('base64url'), port };
  hideFromLog(guard.token);
  const site: Site = { app, guard, files: sirv(screenFolder, { dev: false, etag: true, dotfiles: false }) };
  const server = createServer(
    // requestTimeout 0: a large file may take its time, as long as it moves.
    { headersTimeout: HEADERS_PATIENCE, requestTimeout: 0, maxHeaderSize: MOST_HEADER_BYTES },
    (request, response) => answerSafely(request, response, site),
  );
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MOST_MESSAGE_BYTES });
  server.setTimeout(IDLE_PATIENCE, (socket) => socket.destroy());
  server.on('clientError', (_, socket) => turnAway(socket, '400 Bad Request'));
  // Connections may break at any moment: what breaks off has nobody left to be told.
  server.on('connection', (socket) => socket.on('error', () => socket.destroy()));
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    if (refusal(request, guard) !== undefined || request.url !== '/events') turnAway(socket, '403 Forbidden');
    else sockets.handleUpgrade(request, socket, head, (client) => connect(client, app));
  });
  sockets.on('wsClientError', (_, socket) => turnAway(socket, '400 Bad Request'));
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

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}

function turnAway(socket: Duplex, status: string): void {
  if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  // Who keeps sending is not listened to.
  setTimeout(() => socket.destroy(), 1000).unref();
}

/** Whatever a request is, it ends with an answer, and the server goes on. */
function answerSafely(request: IncomingMessage, response: ServerResponse, site: Site): void {
  request.on('error', () => response.destroy());
  response.on('error', () => response.destroy());
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  try {
    answerRequest(request, response, site);
  } catch (cause) {
    log.warn('a request could not be answered', cause);
    end(response, 400, 'This request is malformed.');
  }
}

function answerRequest(request: IncomingMessage, response: ServerResponse, { app, guard, files }: Site): void {
  const url = targetOf(request);
  if (url?.pathname === '/' && bringsToken(url, guard) && hasOwnHost(request, guard)) {
    response.writeHead(303, { Location: '/', 'Set-Cookie': cookieFor(guard), 'Cache-Control': 'no-store' }).end();
    return;
  }
  const refused = refusal(request, guard);
  const document = /^\/documents\/([0-9a-f-]{36})$/.exec(url?.pathname ?? '')?.[1];
  if (refused !== undefined) end(response, 403, refused);
  else if (!url) end(response, 400, 'This request is malformed.');
  else if (url.pathname === '/documents' && request.method === 'POST') void takeFile(request, response, url, app);
  else if (document && request.method === 'GET') giveFile(response, document, app);
  else files(request, response, () => end(response, 404, 'There is nothing here.'));
}
