import { ProximaError } from '../errors.ts';

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const DISK = new Set(['EACCES', 'EPERM', 'EROFS', 'EIO', 'ENOENT', 'EMFILE']);

/** What a disk refused, in words; undefined where it was no disk. */
export function diskFailure(cause: unknown, name: string): ProximaError | undefined {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (FULL.has(code)) {
    return new ProximaError('storage-full', { what: name, neededBytes: null, freeBytes: null });
  }
  if (DISK.has(code)) {
    return new ProximaError('storage-failed', { what: name, reason: code });
  }
  return undefined;
}
