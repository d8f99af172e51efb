/** Serve mode against what no browser sends: it goes on, writes nothing, and leaves no file open. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Served, serve } from '../../../electron/serve/server.ts';
import type { App } from '../../../electron/services/app.ts';
import { temporaryFolder } from '../../integration/command.ts';
import { idleApp, smallScreen } from './idle-app.ts';
import { brokenUpload, malformedFrame, malformedMessage, malformedRequest } from './malformed-requests.ts';

const folder = temporaryFolder();
let app: App;
let served: Served;
let port: number;
let cookie: string;

beforeAll(async () => {
  app = idleApp(folder);
  served = await serve({ app, screenFolder: smallScreen(folder), port: 0 });
  port = Number(new URL(served.url).port);
  const opened = await answered(served.url);
  cookie = opened.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
});

afterAll(async () => {
  app.close();
  await served.close();
});

/** As a browser asks, but on a connection that isn't kept: fetch has a timer for those, which the check for what is left behind waits for. */
function answered(url: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { headers, agent: false }, (answer) => resolve(answer.resume())).on('error', reject);
  });
}

/** Sends some bytes and goes away once the other side has ended or has had time to answer. */
function send(bytes: string | Buffer, patience = 60): Promise<string> {
  return new Promise((resolve) => {
    let told = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (data) => {
      told += String(data);
    });
    socket.on('error', () => {});
    const timer = setTimeout(() => socket.destroy(), patience);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(told);
    });
  });
}

async function severalAtOnce(count: number, work: (seed: number) => Promise<unknown>): Promise<void> {
  for (let seed = 0; seed < count; seed += 50)
    await Promise.all(Array.from({ length: Math.min(50, count - seed) }, (_, index) => work(seed + index)));
}

/** Every file of the data folder with its bytes; SQLite's log is written by reading as well. */
function contents(): Record<string, string> {
  const data = join(folder, 'data');
  const files = readdirSync(data, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(data, name)).isFile() && !/-(wal|shm)$/.test(name) && !name.startsWith('logs'))
    .sort();
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(data, name), 'base64')]));
}

const openFiles = () => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0);

/** The server answers as ever, and nothing is left of what happened. */
async function expectUnharmed(before: { files: Record<string, string>; open: number }): Promise<void> {
  const origin = `http://127.0.0.1:${port}`;
  expect((await answered(origin)).statusCode).toBe(403);
  expect((await answered(origin, { cookie })).statusCode).toBe(200);
  await expect.poll(contents).toEqual(before.files);
  // The database and the log open a file each when they are first needed.
  await expect.poll(openFiles, { timeout: 8000 }).toBeLessThanOrEqual(before.open + 2);
}

const state = () => ({ files: contents(), open: openFiles() });

describe('malformed requests', () => {
  it.each(['//', '///x', '*', 'http://[', '/%', '/%ff'])(
    'one that ended the process before: GET %s',
    async (target) => {
      const answer = (headers: string) =>
        send(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n${headers}\r\n`, 8000);
      expect(await answer('')).toMatch(/^HTTP\/1\.1 40[03] /);
      expect(await answer(`Cookie: ${cookie}\r\n`)).toMatch(/^HTTP\/1\.1 40[0-9] /);
    },
  );

  it('250 before the token', async () => {
    const before = state();
    await severalAtOnce(250, (seed) => send(malformedRequest(seed, { port, cookie: '' })));
    await expectUnharmed(before);
  });

  it('250 after the token', async () => {
    const before = state();
    await severalAtOnce(250, (seed) => send(malformedRequest(10_000 + seed, { port, cookie })));
    await expectUnharmed(before);
  });

  it('40 uploads that break off, and one whose headers never end', async () => {
    const before = state();
    await severalAtOnce(40, (seed) => send(brokenUpload(seed, { port, cookie }), seed % 4 === 0 ? 1 : 80));
    await send(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${'X-Y: z\r\n'.repeat(5000)}`);
    await expectUnharmed(before);
  });

  it('refused upgrades whose connection is reset at once', async () => {
    const before = state();
    const upgrade = `GET /events HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
    await severalAtOnce(
      40,
      () =>
        new Promise<void>((resolve) => {
          const socket = connect(port, '127.0.0.1', () => socket.write(upgrade, () => socket.resetAndDestroy()));
          socket.on('error', () => {});
          socket.on('close', () => resolve());
        }),
    );
    await expectUnharmed(before);
  });
});

const handshake = () =>
  [
    'GET /events HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    `Origin: http://127.0.0.1:${port}`,
    `Cookie: ${cookie}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    '\r\n',
  ].join('\r\n');

function openSocket(): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/events`, {
      headers: { cookie, origin: `http://127.0.0.1:${port}` },
    });
    socket.once('open', () => resolve(socket));
    socket.once('error', reject);
  });
}

describe('malformed messages', () => {
  it('120 that are no frames', async () => {
    const before = state();
    await severalAtOnce(120, (seed) => send(Buffer.concat([Buffer.from(handshake()), malformedFrame(seed)])));
    await expectUnharmed(before);
  });

  it('150 that are no calls, each on a page that may leave before the answer', async () => {
    const before = state();
    await severalAtOnce(150, async (seed) => {
      const socket = await openSocket();
      socket.on('error', () => {});
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.send(malformedMessage(seed));
      if (seed % 3 === 0) socket.terminate();
      else setTimeout(() => socket.close(), 20);
      await closed;
    });
    await expectUnharmed(before);
  });

  it('calls whose answer comes after the page has left', async () => {
    const before = state();
    await severalAtOnce(40, async (seed) => {
      const socket = await openSocket();
      for (let id = 0; id < 5; id++) socket.send(JSON.stringify({ id, name: 'getState', parameters: {} }));
      if (seed % 2 === 0) socket.terminate();
      else socket.close();
      await new Promise((resolve) => socket.once('close', resolve));
    });
    await expectUnharmed(before);
  });
});
