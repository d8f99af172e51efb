/** Files that are handed in have one limit, whichever way they come. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { limited, nameOf } from '../../../electron/services/uploads.ts';
import { ROOT } from '../../integration/command.ts';

it('lets through what fits, byte by byte, and fails by name at the first byte more', async () => {
  const parts = [Buffer.from('abc'), Buffer.from('defg')];
  expect(String(await buffer(Readable.from(parts).pipe(limited(7))))).toBe('abcdefg');
  await expect(buffer(Readable.from(parts).pipe(limited(6)))).rejects.toMatchObject({
    code: 'file-too-large',
    detail: { limitBytes: 6 },
  });
});

it('takes a name of bounded length from the address', () => {
  expect(nameOf(new URL(`http://x/documents?name=${'n'.repeat(999)}`))).toHaveLength(255);
  expect(nameOf(new URL('http://x/documents'))).toBe('document');
});

it.each(['electron/serve/files.ts', 'electron/shell/app-protocol.ts'])('%s goes through it', (file) => {
  // Electron can't be run here: that its way in is limited can only be read.
  expect(readFileSync(join(ROOT, file), 'utf8')).toContain('limited()');
});
