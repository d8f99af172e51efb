/** Serve mode lets in this machine's own browser with the token, and nobody else; what is malformed or too large is refused. */
import { writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Served, serve } from '../../electron/serve/server.ts';
import { type App, createApp } from '../../electron/services/app.ts';
import { readDocumentFile } from '../../engine/hosts/document-reader.ts';
import { forkEngine } from '../../engine/hosts/fork-engine.ts';
import { ROOT, temporaryFolder } from './command.ts';

const folder = temporaryFolder();
const screen = join(folder, 'screen');
let app: App;
let served: Served;
let address: URL;
let cookie: string;

beforeAll(async () => {
  const { mkdirSync } = await import('node:fs');
  mkdirSync(screen, { recursive: true });
  writeFileSync(join(screen, 'index.html'), '<!doctype html><title>screen</title>');
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  app = createApp({
    dataFolder: join(folder, 'data'),
    modelFolder: join(ROOT, 'assets/models/reader'),
    catalogueFile: join(ROOT, 'assets/models/catalogue.json'),
    startHost: ({ runtime }) => forkEngine({ runtime, threads: 1 }),
    readFile: readDocumentFile,
  });
  served = await serve({ app, screenFolder: screen, port: 0 });
  address = new URL(served.url);
  const opened = await ask('/', { search: address.search, cookie: '' });
  cookie = opened.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
});

afterAll(async () => {
  app.close();
  await served.close();
});

interface Asking {
  method?: string;
  search?: string;
  cookie?: string;
  headers?: Record<string, string>;
  body?: string;
}

interface Told extends IncomingMessage {
  text: string;
}

function ask(path: string, { method = 'GET', search = '', cookie: own = cookie, headers = {}, body }: Asking = {}) {
  return new Promise<Told>((resolve, reject) => {
    const sent = httpRequest(
      { host: '127.0.0.1', port: address.port, path: `${path}${search}`, method, headers: { cookie: own, ...headers } },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part) => {
          text += part;
        });
        response.on('end', () => resolve(Object.assign(response, { text })));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

function openSocket(headers: Record<string, string>): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${address.port}/events`, { headers });
    socket.once('open', () => resolve(socket));
    socket.once('error', reject);
  });
}

const origin = () => `http://127.0.0.1:${address.port}`;

function reply(socket: WebSocket): Promise<Record<string, unknown>> {
  return new Promise((resolve) => {
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as Record<string, unknown>;
      if ('id' in message) resolve(message);
    });
  });
}

describe('serve mode', () => {
  it('takes the token once, then the cookie', async () => {
    expect(cookie).toMatch(/^proxima-\d+=/);
    const page = await ask('/');
    expect([page.statusCode, page.text]).toEqual([200, '<!doctype html><title>screen</title>']);
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.headers['cross-origin-opener-policy']).toBe('same-origin');
  });

  it.each([
    ['no token', { cookie: '' }],
    ['a wrong token', { cookie: '', search: `?token=${'A'.repeat(32)}` }],
    ['a wrong cookie', { cookie: 'proxima=abc' }],
    ['a foreign host', { headers: { host: 'attacker.example' } }],
    ['a foreign origin', { headers: { origin: 'http://attacker.example' } }],
  ] satisfies [string, Asking][])('refuses %s', async (_, asking) => {
    expect((await ask('/', asking)).statusCode).toBe(403);
  });

  it('refuses the token under a foreign host', async () => {
    const told = await ask('/', { cookie: '', search: address.search, headers: { host: 'attacker.example' } });
    expect([told.statusCode, told.headers['set-cookie']]).toEqual([403, undefined]);
  });

  it('refuses a file that no page of its own sends', async () => {
    expect((await ask('/documents', { method: 'POST', search: '?name=a.txt', body: 'a' })).statusCode).toBe(403);
  });

  it.each(['/../secret.txt', '/%2e%2e/secret.txt', '/..%2fsecret.txt', '/assets/../../secret.txt'])(
    'gives nothing from outside its root: %s',
    async (path) => {
      // Written by hand: clients tidy such paths up before they send them.
      const text = await new Promise<string>((resolve) => {
        let received = '';
        const socket = connect(Number(address.port), '127.0.0.1', () =>
          socket.write(
            `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${address.port}\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`,
          ),
        );
        socket.on('data', (data) => {
          received += String(data);
        });
        socket.on('close', () => resolve(received));
      });
      expect(text).toMatch(/^HTTP\/1\.1 [34]\d\d/);
      expect(text).not.toContain('\r\n\r\nsecret');
    },
  );

  it.each([
    ['no cookie', () => ({ origin: origin() })],
    ['no origin', () => ({ cookie })],
    ['a foreign origin', () => ({ cookie, origin: 'http://attacker.example' })],
    ['a foreign host', () => ({ cookie, origin: 'http://attacker.example', host: 'attacker.example' })],
  ] as [string, () => Record<string, string>][])('opens no socket for %s', async (_, headers) => {
    await expect(openSocket(headers())).rejects.toThrow('403');
  });

  it('answers calls, refuses unknown and malformed ones by name, and hangs up on what is too large', async () => {
    const socket = await openSocket({ cookie, origin: origin() });
    const call = async (name: string, parameters: unknown) => {
      socket.send(JSON.stringify({ id: 1, name, parameters }));
      return reply(socket);
    };
    expect(await call('getState', {})).toMatchObject({ id: 1, result: { documents: [] } });
    expect(await call('__proto__', {})).toMatchObject({ failure: { code: 'request-invalid' } });
    expect(await call('getPages', { document: '../../etc/passwd' })).toMatchObject({
      failure: { code: 'request-invalid' },
    });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.send('x'.repeat(2 << 20));
    expect(await closed).toBe(1009);
  });
});
