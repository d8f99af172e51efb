/** The members of a ZIP archive, with limits: an archive that unpacks to more than it should is refused. */
import { firstLineOf, ProximaError } from '../../errors.ts';

const MOST_BYTES = 512 * 1024 * 1024;
const MOST_MEMBERS = 50_000;
/** Pictures, films and fonts are counted and not unpacked. */
const UNREAD = /\.(png|jpe?g|gif|bmp|tiff?|wmf|emf|svg|webp|mp[34]|m4[av]|wav|avi|mov|ttf|otf|woff2?|bin)$/i;

export type Members = ReadonlyMap<string, Uint8Array>;

const read = new WeakMap<Uint8Array, Promise<Members>>();

/**
 * Rejects with `document-damaged` when the bytes are no archive, are cut off, or unpack to over 512 MiB. Pictures come empty.
 * Unpacked once: who looks what kind of document it is and who reads it ask for the same.
 */
export function readArchive(bytes: Uint8Array): Promise<Members> {
  const known = read.get(bytes) ?? unpack(bytes);
  read.set(bytes, known);
  return known;
}

async function unpack(bytes: Uint8Array): Promise<Members> {
  const members = new Map<string, Uint8Array>();
  let room = MOST_BYTES;
  try {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const { fromBufferPromise } = await import('yauzl');
    const archive = await fromBufferPromise(buffer, { lazyEntries: true });
    for await (const entry of archive.eachEntry()) {
      if (entry.fileName.endsWith('/')) continue;
      if (members.size >= MOST_MEMBERS) throw new RangeError('it has more than 50,000 members');
      if (UNREAD.test(entry.fileName)) members.set(entry.fileName, new Uint8Array());
      else {
        const content = await collectStream(await archive.openReadStreamPromise(entry), room);
        room -= content.byteLength;
        members.set(entry.fileName, content);
      }
    }
  } catch (cause) {
    throw new ProximaError('document-damaged', { name: 'The file', reason: firstLineOf(cause) });
  }
  return members;
}

/** How many pictures the archive holds. */
export function pictureCount(members: Members): number {
  return [...members.keys()].filter((name) => /\/media\/|^Pictures\//.test(name)).length;
}

/** What a member says of its own size is not believed. */
async function collectStream(stream: AsyncIterable<Uint8Array>, room: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of stream) {
    length += piece.byteLength;
    if (length > room) throw new RangeError('it unpacks to over 512 MiB');
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
