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
  if (!head.ok) {
    throw new ProximaError('model-missing', `${url} can't be opened (${head.status}).`, 'Get the model folder again.');
  }
  const size = Number(head.headers.get('content-length'));
  return {
    size,
    async read(offset, length) {
      if (offset + length > size) throw new RangeError(`read past the end: ${offset + length} > ${size}`);
      if (length === 0) return new Uint8Array();
      const range = `bytes=${offset}-${offset + length - 1}`;
      const response = await fetch(url, { headers: { range } });
      const bytes = new Uint8Array(await response.arrayBuffer());
      // A server that knows no ranges sends the whole file.
      return response.status === 200 ? bytes.subarray(offset, offset + length) : bytes;
    },
    close: async () => {},
  };
}

/** Bytes of a file, to its end where `length` is undefined. */
export async function readHttpData(
  folder: string,
  name: string,
  offset: number,
  length: number | undefined,
): Promise<Uint8Array> {
  const source = await openHttpFile(new URL(name, folder.endsWith('/') ? folder : `${folder}/`).href);
  return source.read(offset, length ?? source.size - offset);
}
