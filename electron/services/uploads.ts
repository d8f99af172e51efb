/** What holds for every file that is handed in, whichever way it comes. */
import { Transform } from 'node:stream';
import { ProximaError } from '../../engine/errors.ts';

/** Largest file, in bytes. */
export const MOST_FILE_BYTES = 2 ** 31;
const LONGEST_NAME = 255;

/** Passes a file on, and fails with `file-too-large` once it is longer than allowed. */
export function limited(most: number = MOST_FILE_BYTES): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length;
      if (bytes <= most) done(null, chunk);
      else done(new ProximaError('file-too-large', { limitBytes: most }));
    },
  });
}

/** What the file is called, from the address that it is sent to. */
export function nameOf(url: URL): string {
  return (url.searchParams.get('name') ?? '').slice(0, LONGEST_NAME) || 'document';
}
