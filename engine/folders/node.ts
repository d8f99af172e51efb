/** A model folder on disk, read through file handles piece by piece. */
import { access, open, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { ProximaError } from '../errors.ts';
import type { ByteSource, ModelFolder } from '../model/source.ts';

/** Rejects with `model-missing` when there is no such folder. */
export async function openModelFolder(path: string): Promise<ModelFolder> {
  const root = resolve(path);
  const found = await stat(root).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new ProximaError('model-missing', { place: path, lacks: 'there is no such folder' });
  }
  return {
    name: basename(root),
    has: (name) =>
      access(join(root, name)).then(
        () => true,
        () => false,
      ),
    open: (name) => openFile(join(root, name)),
  };
}

export async function openFile(path: string): Promise<ByteSource> {
  const handle = await open(path, 'r');
  const { size } = await handle.stat();
  return {
    size,
    async read(offset, length) {
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await handle.read(bytes, done, Math.min(length - done, 1 << 30), offset + done);
        if (bytesRead === 0) throw new RangeError(`the file ends at byte ${offset + done}`);
        done += bytesRead;
      }
      return bytes;
    },
    close: () => handle.close(),
  };
}
