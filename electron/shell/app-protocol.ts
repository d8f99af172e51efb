/** `app://proxima/`: the screen's files, the documents' files, the model for the engine's window. Takes the place of `file://`. */

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { protocol, type Session } from 'electron';
import { failureOf } from '../../engine/errors.ts';
import { within } from '../../engine/folders/paths.ts';
import type { DocumentEntry } from '../contract.ts';
import { SECURITY_HEADERS } from '../headers.ts';
import type { App } from '../services/app.ts';
import { limited, nameOf } from '../services/uploads.ts';

export interface ProtocolParts {
  readonly app: App;
  readonly screenFolder: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
};

/** To be called before the app is ready. */
export function registerScheme(): void {
  const privileges = { standard: true, secure: true, supportFetchAPI: true, stream: true, corsEnabled: false };
  protocol.registerSchemesAsPrivileged([{ scheme: 'app', privileges }]);
}

export function handleScheme(session: Session, parts: ProtocolParts): void {
  session.protocol.handle('app', async (request) => {
    const url = new URL(request.url);
    if (url.host !== 'proxima') return respond(404, 'There is nothing here.');
    try {
      return await answer(request, url, parts);
    } catch (cause) {
      return respond(400, JSON.stringify({ failure: failureOf(cause) }), 'application/json');
    }
  });
}

async function answer(request: Request, url: URL, { app, screenFolder }: ProtocolParts): Promise<Response> {
  const path = decodeURIComponent(url.pathname);
  if (path === '/documents' && request.method === 'POST') {
    return respond(201, JSON.stringify({ result: await take(request, url, app) }), 'application/json');
  }
  const document = /^\/documents\/([0-9a-f-]{36})$/.exec(path)?.[1];
  if (document) return file(app.fileOf(document), request, 'application/octet-stream');
  if (path.startsWith('/model/')) return file(within(app.modelFolder(), path.slice('/model/'.length)), request);
  return file(within(screenFolder, path === '/' ? 'index.html' : path.slice(1)), request);
}

function take(request: Request, url: URL, app: App): Promise<DocumentEntry> {
  const content = limited();
  content.on('error', () => {}); // Whoever reads it is told; it may break off before anybody does.
  const body = request.body ? Readable.fromWeb(request.body as ReadableStream) : Readable.from([]);
  pipeline(body, content, () => {});
  return app.addFile(nameOf(url), content);
}

async function file(path: string | undefined, request: Request, type?: string): Promise<Response> {
  const found = path === undefined ? undefined : await stat(path).catch(() => undefined);
  if (path === undefined || !found?.isFile()) return respond(404, 'There is nothing here.');
  const headers = {
    ...SECURITY_HEADERS,
    'Content-Type': type ?? TYPES[extname(path)] ?? 'application/octet-stream',
    'Accept-Ranges': 'bytes',
  };
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get('range') ?? '');
  const start = range ? Number(range[1]) : 0;
  const end = range ? Math.min(Number(range[2]), found.size - 1) : found.size - 1;
  const length = String(Math.max(0, end - start + 1));
  if (request.method === 'HEAD') return new Response(null, { headers: { ...headers, 'Content-Length': length } });
  const body =
    found.size === 0 ? null : (Readable.toWeb(createReadStream(path, { start, end })) as unknown as BodyInit);
  const ranged = range ? { 'Content-Range': `bytes ${start}-${end}/${found.size}` } : {};
  return new Response(body, {
    status: range ? 206 : 200,
    headers: { ...headers, ...ranged, 'Content-Length': length },
  });
}

function respond(status: number, text: string, type = 'text/plain; charset=utf-8'): Response {
  return new Response(text, { status, headers: { ...SECURITY_HEADERS, 'Content-Type': type } });
}
