/** A model folder behind a URL, read piece by piece with Range requests: the app's own protocol, or a local server. */
import { ProximaError } from '../errors.ts';
import type { ByteSource, ModelFolder } from '../model/source.ts';

/** `base`: the folder's URL. */
export function openHttpFolder(base: string): ModelFolder {
  const root = base.endsWith('/') ? base : `${base}/`;
  const urlOf = (path: string) => new URL(path, root).href;
  return {
    name: decodeURIComponent(root.split('/').at(-2) ?? root),
    has: async (path) => (await fetch(urlOf(path), { method: 'HEAD' })).ok,
    open: (path) => openHttpFile(urlOf(path)),
  };
}

async function openHttpFile(url: string): Promise<ByteSource> {
  const head = await fetch(url, { method: 'HEAD' });
  if (!head.ok) throw missing(url, head.status);
  const size = Number(head.headers.get('content-length'));
  return {
    size,
    async read(offset, length) {
      if (offset + length > size) throw new RangeError(`read past the end: ${offset + length} > ${size}`);
      return length === 0 ? new Uint8Array() : readRange(url, offset, length);
    },
    close: async () => {},
  };
}

async function readRange(url: string, offset: number, length: number): Promise<Uint8Array> {
  const response = await fetch(url, { headers: { range: `bytes=${offset}-${offset + length - 1}` } });
  if (!response.ok) throw missing(url, response.status);
  const bytes = new Uint8Array(await response.arrayBuffer());
  // A server that knows no ranges sends the whole file.
  return response.status === 200 ? bytes.subarray(offset, offset + length) : bytes;
}

function missing(url: string, status: number): ProximaError {
  return new ProximaError('model-missing', { place: url, lacks: `the server answered ${status}` });
}

/** Bytes of a file, to its end where `length` is undefined. */
export async function readHttpData(
  folder: string,
  name: string,
  offset: number,
  length: number | undefined,
): Promise<Uint8Array> {
  const url = new URL(name, folder.endsWith('/') ? folder : `${folder}/`).href;
  // Weights say how long they are; asking for the file's size first would be a request more for each of hundreds.
  if (length !== undefined) return length === 0 ? new Uint8Array() : readRange(url, offset, length);
  const source = await openHttpFile(url);
  return source.read(offset, source.size - offset);
}
