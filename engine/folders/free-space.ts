/** How much a disk still takes. */
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes that are free on the disk of a folder, or of the nearest one above it that is there. */
export async function freeBytesAround(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    const above = join(folder, '..');
    return above === folder ? Number.POSITIVE_INFINITY : freeBytesAround(above);
  }
}
