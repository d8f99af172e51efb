/** A hub on this machine that serves the built-in reader as someone's model, resumes by Range, and can be made slow. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { READER } from './command.ts';

export const REPOSITORY = 'someone/reader-ONNX';
export const GRAPH = 'onnx/model.onnx';
const FILES = [
  'README.md',
  'config.json',
  'generation_config.json',
  'pod.json',
  'tokenizer.json',
  'tokenizer_config.json',
];
const PIECE = 1 << 18;

export interface HubServer {
  readonly endpoint: string;
  /** Addresses that were asked for, and the Range and Authorization that came with them. */
  readonly asked: { readonly url: string; readonly range: string | undefined; readonly token: string | undefined }[];
  /** Milliseconds between two pieces of a file. */
  pause: number;
  close(): void;
}

function tree(): unknown[] {
  const content = readFileSync(join(READER, GRAPH));
  const oid = createHash('sha256').update(content).digest('hex');
  return [
    ...FILES.map((path) => ({ type: 'file', path, size: statSync(join(READER, path)).size })),
    { type: 'directory', path: 'onnx', size: 0 },
    { type: 'file', path: GRAPH, size: 133, lfs: { oid, size: content.length } },
  ];
}

export async function startHub(): Promise<HubServer> {
  const files = tree();
  const server = createServer((request, response) => {
    const url = request.url ?? '';
    const { range, authorization } = request.headers;
    hub.asked.push({ url, range, token: authorization });
    if (url.startsWith('/api/models/gated/')) response.writeHead(authorization ? 404 : 401).end();
    else if (url.startsWith(`/api/models/${REPOSITORY}/tree/`)) response.end(JSON.stringify(files));
    else if (url.startsWith(`/${REPOSITORY}/resolve/main/`)) {
      const path = url.split('/main/')[1] ?? '';
      void give(request, response, readFileSync(join(READER, path)), () => (path === GRAPH ? hub.pause : 0));
    } else response.writeHead(404).end();
  });
  const hub = {
    endpoint: await listening(server),
    asked: [] as HubServer['asked'],
    pause: 0,
    close: () => closed(server),
  };
  return hub;
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
