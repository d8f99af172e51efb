/** A hub on this machine that serves the built-in reader as someone's model, resumes by Range, and can be made slow. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join, relative } from 'node:path';
import { READER } from './command.ts';

export const REPOSITORY = 'someone/reader-ONNX';
export const GRAPH = 'onnx/model.onnx';
/** What `main` is at. Files are only given out of the commit that was listed. */
const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const PIECE = 1 << 18;
/** Entries of a page of a list. */
const PAGE = 3;

export interface HubServer {
  readonly endpoint: string;
  /** Addresses that were asked for, and the Range and Authorization that came with them. */
  readonly asked: { readonly url: string; readonly range: string | undefined; readonly token: string | undefined }[];
  /** Milliseconds between two pieces of a graph. */
  pause: number;
  /** Repositories and the folders that they are. */
  readonly repositories: Map<string, string>;
  /** What the Link headers of lists say in place of what is right; undefined: they are right. */
  link: string | undefined;
  close(): void;
}

const TREES = new Map<string, unknown[]>();

/** As the hub lists files: large ones with their SHA-256, small ones with git's hash. */
function tree(folder: string): unknown[] {
  const known = TREES.get(folder);
  if (known) return known;
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  const listed = entries.map((entry) => {
    const path = relative(folder, join(entry.parentPath, entry.name));
    if (entry.isDirectory()) return { type: 'directory', path, size: 0 };
    const content = readFileSync(join(folder, path));
    const hash = (algorithm: string, prefix = '') => createHash(algorithm).update(prefix).update(content).digest('hex');
    const oid = hash('sha1', `blob ${content.length}\0`);
    if (!path.startsWith('onnx/')) return { type: 'file', path, size: content.length, oid };
    return { type: 'file', path, size: 133, oid, lfs: { oid: hash('sha256'), size: content.length } };
  });
  TREES.set(folder, listed);
  return listed;
}

export async function startHub(): Promise<HubServer> {
  const server = createServer((request, response) => {
    const { range, authorization } = request.headers;
    hub.asked.push({ url: request.url ?? '', range, token: authorization });
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://hub');
    const [, api, models, ...rest] = pathname.split('/');
    if (api === 'api' && models === 'models' && rest[0] === 'gated')
      response.writeHead(authorization ? 404 : 401).end();
    else if (api === 'api') answer(hub, response, rest, searchParams);
    else file(hub, request, response, pathname);
  });
  const hub: HubServer = {
    endpoint: await listening(server),
    asked: [],
    pause: 0,
    repositories: new Map([[REPOSITORY, READER]]),
    link: undefined,
    close: () => closed(server),
  };
  return hub;
}

/** OWNER/NAME/revision/main and OWNER/NAME/tree/COMMIT. */
function answer(hub: HubServer, response: ServerResponse, path: string[], query: URLSearchParams): void {
  const [owner, name, what, revision] = path;
  const folder = hub.repositories.get(`${owner}/${name}`);
  if (folder && what === 'revision' && revision === 'main') response.end(JSON.stringify({ sha: COMMIT }));
  else if (folder && what === 'tree' && revision === COMMIT) {
    const from = Number(query.get('cursor') ?? 0);
    const entries = tree(folder);
    const next = `<http://elsewhere.invalid/api/?recursive=true&cursor=${from + PAGE}>; rel="next"`;
    if (hub.link ?? from + PAGE < entries.length) response.setHeader('link', hub.link ?? next);
    response.end(JSON.stringify(entries.slice(from, from + PAGE)));
  } else response.writeHead(404).end();
}

/** /OWNER/NAME/resolve/COMMIT/PATH */
function file(hub: HubServer, request: IncomingMessage, response: ServerResponse, pathname: string): void {
  const [repository = '', path] = pathname.slice(1).split(`/resolve/${COMMIT}/`);
  const folder = hub.repositories.get(repository);
  if (!folder || path === undefined || !existsSync(join(folder, path))) response.writeHead(404).end();
  else void give(request, response, readFileSync(join(folder, path)), () => (path === GRAPH ? hub.pause : 0));
}

async function give(
  { headers }: IncomingMessage,
  response: ServerResponse,
  whole: Buffer,
  pause: () => number,
): Promise<void> {
  const from = Number(/^bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0);
  const resumed = from > 0 && headers['if-range'] === '"1"';
  const body = resumed ? whole.subarray(from) : whole;
  const place = resumed ? { 'content-range': `bytes ${from}-${whole.length - 1}/${whole.length}` } : {};
  response.writeHead(resumed ? 206 : 200, { 'content-length': body.length, etag: '"1"', ...place });
  for (let start = 0; start < body.length && !response.destroyed; start += PIECE) {
    if (pause() > 0) await new Promise((resolve) => setTimeout(resolve, pause()));
    response.write(body.subarray(start, start + PIECE));
  }
  response.end();
}

/** A proxy for plain HTTP, which notes what it was asked to reach. */
export async function startProxy(): Promise<{ address: string; reached: string[]; close: () => void }> {
  const reached: string[] = [];
  const server = createServer();
  server.on('connect', (request, socket, head) => {
    reached.push(request.url ?? '');
    const [host, port] = (request.url ?? '').split(':');
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      onward.write(head);
      onward.pipe(socket);
      socket.pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
  return { address: await listening(server), reached, close: () => closed(server) };
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function closed(server: Server): void {
  server.closeAllConnections();
  server.close();
}
