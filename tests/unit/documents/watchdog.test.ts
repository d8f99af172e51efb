/** A process that reads a document is given up when it is silent, but not because the machine slept. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, it, vi } from 'vitest';
import { documentOf } from '../../../engine/documents/document.ts';
import { type DocumentMessage, type DocumentProcess, readDocumentFile } from '../../../engine/hosts/document-reader.ts';
import { temporaryFolder } from '../../integration/command.ts';

const folder = temporaryFolder();
const path = join(folder, 'note.txt');
writeFileSync(path, 'Some words.');
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

/** Resolves with the way to let the process say something, once it was started. */
function start() {
  const { promise, resolve } = Promise.withResolvers<(message: DocumentMessage) => void>();
  const child: DocumentProcess = {
    post: () => {},
    onMessage: (listener) => resolve(listener),
    onExit: () => {},
    kill: () => {},
  };
  return { say: promise, result: readDocumentFile(path, {}, () => child) };
}

it('is given up when it says nothing for long', async () => {
  const { say, result } = start();
  const refused = expect(result).rejects.toMatchObject({ code: 'document-stalled' });
  await say;
  vi.advanceTimersByTime(20_000);
  await refused;
});

it('goes on when the machine wakes up, where of all that time one timer is late', async () => {
  const { say, result } = start();
  const tell = await say;
  vi.advanceTimersToNextTimer();
  const document = documentOf([{ number: 1, text: 'Some words.' }]);
  tell({ type: 'document', document });
  expect(await result).toEqual(document);
  vi.clearAllTimers();
});
