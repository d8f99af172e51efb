/** Faults of a window go into the log of the main process: a sandboxed page has no files. */
import type { WebContents } from 'electron';
import { log } from '../../engine/log/log.ts';

/** Says where, not what: a page's message may have a document's text in it. */
export function logFaultsOf(contents: WebContents, window: string): void {
  contents.on('console-message', ({ level, sourceId, lineNumber }) => {
    if (level === 'error') log.error(`the ${window} reported an error (${sourceId}:${lineNumber})`);
  });
  contents.on('preload-error', (_, __, cause) => log.error(`the ${window}'s preload failed`, cause));
  contents.on('unresponsive', () => log.warn(`the ${window} does not respond`));
  contents.on('render-process-gone', (_, { reason, exitCode }) =>
    log.error(`the ${window}'s process ended (${reason}, exit code ${exitCode})`),
  );
}
