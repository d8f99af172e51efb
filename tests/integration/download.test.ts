/**
 * Downloads against a server that does everything a network can do: 200 seeded runs, in each of which every response is drawn from
 * what may go wrong. What must hold: a file in place is right, byte for byte; what came is kept; a refusal is said in words.
 */

import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failureOf, ProximaError } from '../../engine/errors.ts';
import { type DownloadOptions, type DownloadRequest, downloadFile } from '../../engine/hub/download.ts';
import { sentencesFor } from '../../engine/words/words.ts';

const RUNS = 200;
const QUICK: DownloadOptions = { backoff: 1, stallTimeout: 250, retries: 4 };

/** Mulberry32 (Ettinger 2017): every run draws the same mishaps each time. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Mishap = 'stall' | 'drop' | 'no-range' | 'changed' | 'wrong' | 'weak-tag' | 401 | 403 | 404 | 429 | 500 | 'none';
interface Scene {
  readonly content: Buffer;
  /** Takes the next response's mishap. */
  next(): Mishap;
  random(): number;
  /** Requests that were for a part. */
  ranged: number;
  requests: number;
  tag: number;
}

let server: Server;
let address = '';
const scenes = new Map<string, Scene>();

function answer(request: IncomingMessage, response: ServerResponse): void {
  const scene = scenes.get(request.url ?? '');
  if (!scene) {
    response.writeHead(404).end();
    return;
  }
  scene.requests += 1;
  const mishap = scene.next();
  if (typeof mishap === 'number') {
    response.writeHead(mishap, mishap === 429 ? { 'retry-after': '0.001' } : {}).end('no');
    return;
  }
  if (mishap === 'changed') scene.tag += 1;
  send(request, response, scene, mishap);
}

function send(request: IncomingMessage, response: ServerResponse, scene: Scene, mishap: Mishap): void {
  const tag = `"v${scene.tag}"`;
  const own = request.headers['if-range'] === tag && mishap !== 'no-range';
  const from = own ? Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0;
  const { length } = scene.content;
  if (request.headers.range) scene.ranged += 1;
  if (from >= length) {
    response.writeHead(416, { 'content-range': `bytes */${length}` }).end();
    return;
  }
  const body = Buffer.from(scene.content.subarray(from));
  if (mishap === 'wrong') body.fill(0, Math.floor(body.length / 2));
  response.writeHead(from > 0 ? 206 : 200, {
    'content-length': body.length,
    etag: mishap === 'weak-tag' ? `W/${tag}` : tag,
    ...(from > 0 ? { 'content-range': `bytes ${from}-${length - 1}/${length}` } : {}),
  });
  const cut = Math.floor(scene.random() * body.length);
  if (mishap === 'stall')
    response.write(body.subarray(0, cut)); // And never ends.
  else if (mishap === 'drop') response.write(body.subarray(0, cut), () => response.destroy());
  else response.end(body);
}

beforeAll(async () => {
  server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');

function scene(name: string, content: Buffer, next: () => Mishap, random = randomOf(1)): [Scene, DownloadRequest] {
  const made: Scene = { content, next, random, ranged: 0, requests: 0, tag: 1 };
  scenes.set(`/${name}`, made);
  const target = join(mkdtempSync(join(tmpdir(), 'proxima-test-')), 'model.onnx');
  return [made, { url: `${address}/${name}`, target, sha256: sha256(content), bytes: content.length }];
}

function bytesOf(length: number, random: () => number): Buffer {
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
}

/** One seeded run; gives what it ended with. */
async function runOnce(seed: number): Promise<string> {
  const random = randomOf(seed);
  const content = bytesOf(1000 + Math.floor(random() * 200_000), random);
  const kinds: readonly Mishap[] = [
    'stall',
    'drop',
    'drop',
    'no-range',
    'changed',
    'wrong',
    'weak-tag',
    429,
    500,
    'none',
    'none',
  ];
  const final: readonly Mishap[] = [401, 403, 404];
  const next = (): Mishap =>
    (random() < 0.02 ? final[Math.floor(random() * 3)] : kinds[Math.floor(random() * kinds.length)]) as Mishap;
  const [own, request] = scene(`run-${seed}`, content, next, random);
  // Now and then the disk is full for a while.
  let full = random() < 0.1 ? 1 : 0;
  const freeBytes = async () => (full-- > 0 ? 10 : 1e9);
  for (let visit = 0; visit < 30; visit++) {
    try {
      await downloadFile(request, { ...QUICK, freeBytes });
      expect(sha256(readFileSync(request.target))).toBe(request.sha256);
      expect(readdirSync(join(request.target, '..'))).toEqual(['model.onnx']);
      return own.ranged > 0 ? 'resumed' : 'whole';
    } catch (cause) {
      expect(existsSync(request.target)).toBe(false);
      expect(cause).toBeInstanceOf(ProximaError);
      const { code } = cause as ProximaError;
      expect(['download-denied', 'download-missing', 'download-failed', 'download-damaged', 'storage-full']).toContain(
        code,
      );
      expect(sentencesFor(failureOf(cause), 'app').length).toBeGreaterThan(40);
    }
  }
  throw new Error(`run ${seed} never ended`);
}

describe('downloads', () => {
  it(`end with the right file in each of ${RUNS} seeded runs, and never with a wrong one`, async () => {
    const ends: string[] = [];
    for (let first = 0; first < RUNS; first += 20)
      ends.push(...(await Promise.all(Array.from({ length: 20 }, (_, index) => runOnce(first + index)))));
    expect(ends).toHaveLength(RUNS);
    expect(ends.filter((end) => end === 'resumed').length).toBeGreaterThan(RUNS / 8);
  });

  it('fetch only what is missing after the connection broke off', async () => {
    const content = bytesOf(300_000, randomOf(5));
    const mishaps: Mishap[] = ['drop', 'none'];
    const [own, request] = scene(
      'resume',
      content,
      () => mishaps.shift() ?? 'none',
      () => 0.5,
    );
    const progress: number[] = [];
    await downloadFile(request, { ...QUICK, onProgress: (done) => progress.push(done) });
    expect([own.requests, own.ranged]).toEqual([2, 1]);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.at(-1)).toBe(content.length);
  });

  it('begin anew when the file has changed on the server, or has no tag to know it by', async () => {
    for (const mishap of ['changed', 'weak-tag'] as const) {
      const content = bytesOf(50_000, randomOf(6));
      const mishaps: Mishap[] = mishap === 'changed' ? ['drop', 'changed'] : ['weak-tag', 'none'];
      const [, request] = scene(
        `anew-${mishap}`,
        content,
        () => mishaps.shift() ?? 'none',
        () => 0.5,
      );
      await downloadFile(request, QUICK);
      expect(sha256(readFileSync(request.target))).toBe(request.sha256);
    }
  });

  it('are cancelled at once, keep what came, and go on from there', async () => {
    const content = bytesOf(100_000, randomOf(7));
    const mishaps: Mishap[] = ['stall', 'none'];
    const [own, request] = scene(
      'cancel',
      content,
      () => mishaps.shift() ?? 'none',
      () => 0.5,
    );
    const controller = new AbortController();
    const options = { ...QUICK, stallTimeout: 60_000, signal: controller.signal };
    const cancelled = downloadFile(request, { ...options, onProgress: () => controller.abort() });
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    expect(readdirSync(join(request.target, '..')).sort()).toEqual(['model.onnx.partial', 'model.onnx.partial.json']);
    await downloadFile(request, QUICK);
    expect(own.ranged).toBe(1);
  });

  it('say what is in the way', async () => {
    const content = bytesOf(1000, randomOf(8));
    const cases: readonly [Mishap, string, RegExp][] = [
      [401, 'download-denied', /token/],
      [403, 'download-denied', /token/],
      [404, 'download-missing', /repository/],
      [500, 'download-failed', /resume the download/],
      ['wrong', 'download-damaged', /mirror/],
    ];
    for (const [mishap, code, wayOut] of cases) {
      const [, request] = scene(`say-${mishap}`, content, () => mishap);
      const cause = await downloadFile(request, QUICK).then(() => undefined, failureOf);
      expect(cause?.code).toBe(code);
      expect(cause && sentencesFor(cause, 'app')).toMatch(wayOut);
    }
    const [, request] = scene('full', content, () => 'none');
    const full = downloadFile(request, { ...QUICK, freeBytes: async () => 999 });
    await expect(full).rejects.toMatchObject({ code: 'storage-full', detail: { neededBytes: 1000, freeBytes: 999 } });
  });
});
