/** The members of a ZIP archive, with limits: an archive that unpacks to more than it should is refused. */
import { fromBufferPromise } from 'yauzl';
import { firstLineOf, ProximaError } from '../errors.ts';

const MOST_BYTES = 512 * 1024 * 1024;

/** Rejects with `document-damaged` when the bytes are no archive, are cut off, or unpack to over 512 MiB. */
export async function readArchive(bytes: Uint8Array): Promise<Map<string, Uint8Array>> {
  const members = new Map<string, Uint8Array>();
  let total = 0;
  try {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const archive = await fromBufferPromise(buffer, { lazyEntries: true });
    for await (const entry of archive.eachEntry()) {
      if (entry.fileName.endsWith('/')) continue;
      total += entry.uncompressedSize;
      if (total > MOST_BYTES) throw new RangeError('it unpacks to over 512 MiB');
      members.set(entry.fileName, await collectStream(await archive.openReadStreamPromise(entry)));
    }
  } catch (cause) {
    throw new ProximaError('document-damaged', { name: 'The file', reason: firstLineOf(cause) });
  }
  return members;
}

async function collectStream(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}
