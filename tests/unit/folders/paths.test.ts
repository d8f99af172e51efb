/** What lies inside a folder, by name and in truth. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { reallyWithin, within } from '../../../engine/folders/paths.ts';
import { temporaryFolder } from '../../integration/command.ts';

it('nothing that it gives lies outside', () => {
  const part = fc.constantFrom('..', '.', '', 'a', '...', '..a', '%2e%2e', '\\..', 'a\0', '/');
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const path = within('/data/models', parts.join('/'));
      if (path !== undefined)
        expect(path.startsWith(`/data/models${sep}`) && !path.includes(`${sep}..${sep}`)).toBe(true);
    }),
  );
  expect(within('/data/models', 'a/../b')).toBe('/data/models/b');
  for (const path of ['', '.', '..', 'a/..', '../models', '../models-too/x', 'a\0'])
    expect(within('/data/models', path)).toBeUndefined();
});

it('follows links, also those that lead nowhere yet', () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'data/inner'), { recursive: true });
  mkdirSync(join(folder, 'outside'));
  writeFileSync(join(folder, 'outside/file'), '');
  const data = join(folder, 'data');
  symlinkSync(join(folder, 'outside'), join(data, 'out'));
  symlinkSync('../outside/later', join(data, 'later'));
  symlinkSync('inner', join(data, 'in'));
  for (const path of ['out', 'out/file', 'out/new', 'later', 'later/x'])
    expect(reallyWithin(data, path)).toBeUndefined();
  for (const path of ['inner/new/file', 'in', 'in/new', 'new']) expect(reallyWithin(data, path)).toBe(join(data, path));
  symlinkSync('data', join(folder, 'alias'));
  expect(reallyWithin(join(folder, 'alias'), 'inner')).toBe(join(folder, 'alias/inner'));
});
