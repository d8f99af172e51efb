/** How much memory can be taken without pushing others out, as far as the system tells. */
import { readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';

/** MemAvailable where the kernel tells it, else what is free. */
export function availableMemoryBytes(): number {
  try {
    const line = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'));
    if (line) return Number(line[1]) * 1024;
  } catch {
    // Not Linux.
  }
  return Math.min(totalmem(), Math.max(freemem(), totalmem() / 2));
}
