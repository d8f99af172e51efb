/** Rejections that nobody waits for. */
import { log } from '../log/log.ts';

/**
 * pdf.js leaves some behind where a file is broken, which would end the process though the page can be read. Whoever reads waits for
 * promises of his own, and a watchdog for what they never come to.
 */
export function outliveStrayRejections(): void {
  process.on('unhandledRejection', (cause) => log.error('a library left a rejection behind', cause));
}
