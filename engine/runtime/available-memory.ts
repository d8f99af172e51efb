/** How much memory can be taken without pushing others out, as far as the system tells. */
import { execFileSync } from 'node:child_process';
import { freemem } from 'node:os';

/** Asked anew at every call. Linux and Windows: what the kernel calls available. macOS: free pages and those that it gives up. */
export function availableMemoryBytes(): number {
  if (process.platform !== 'darwin') return process.availableMemory();
  try {
    return reclaimableBytes(execFileSync('vm_stat', { encoding: 'utf8', timeout: 1000 }));
  } catch {
    return freemem();
  }
}

/** Pages that macOS counts as used but gives to whoever needs them. */
const RECLAIMABLE = ['free', 'inactive', 'speculative', 'purgeable'];

/** What `vm_stat` of macOS reports, in bytes. */
export function reclaimableBytes(report: string): number {
  const pageBytes = Number(/page size of (\d+) bytes/.exec(report)?.[1] ?? 4096);
  const pages = RECLAIMABLE.map((kind) => Number(new RegExp(`^Pages ${kind}: +(\\d+)\\.`, 'm').exec(report)?.[1] ?? 0));
  return pages.reduce((sum, count) => sum + count, 0) * pageBytes;
}
