/** Documents on the command line. */
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { filesOf } from '../../../electron/shell/files-of.ts';

it('finds documents where the program was started', () => {
  const folder = resolve('somewhere');
  const whole = resolve('elsewhere/b.TXT');
  const parameters = ['/program.pdf', '--allow-file-access', 'a.pdf', whole, '.', 'pdf', 'c.exe'];
  expect(filesOf(parameters, folder)).toEqual([join(folder, 'a.pdf'), whole]);
});
