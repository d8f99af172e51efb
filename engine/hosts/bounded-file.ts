/** Reads a document's file as far as there is room for it: how much a reader takes for each byte depends on its kind. */
import { open } from 'node:fs/promises';
import { ProximaError } from '../errors.ts';

const MEBIBYTE = 2 ** 20;
/** PDFs are held once, as they are. */
const MOST_OF_PDF = 1024 * MEBIBYTE;
/** Members of archives are unpacked one after the other; pictures among them are not. */
const MOST_OF_ARCHIVE = 512 * MEBIBYTE;
/** Text becomes twice as long in memory, markup many times. */
const MOST_OF_TEXT = 128 * MEBIBYTE;
const HEAD_BYTES = 1024;

/** Rejects with `file-too-large`, before anything but the file's first bytes is read. */
export async function readBounded(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const limitBytes = limitFor(buffer.toString('latin1', 0, bytesRead));
    if (size > limitBytes) throw new ProximaError('file-too-large', { limitBytes });
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function limitFor(head: string): number {
  if (head.includes('%PDF-')) return MOST_OF_PDF;
  return head.startsWith('PK\u0003\u0004') ? MOST_OF_ARCHIVE : MOST_OF_TEXT;
}
