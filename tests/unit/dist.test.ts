/** What can be checked of packing without Electron's binary: the configuration, and that what it packs is there. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import config from '../../build/electron-builder.config.ts';
import { ROOT } from '../integration/command.ts';

const require = createRequire(import.meta.url);

interface Validator {
  validateConfiguration(configuration: unknown, logger: { isEnabled: boolean; add(): void }): Promise<void>;
}

it('is a configuration that electron-builder accepts', async () => {
  const builder = createRequire(require.resolve('electron-builder/package.json'));
  const { validateConfiguration } = builder('app-builder-lib/out/util/config/config') as Validator;
  const logger = { isEnabled: false, add: () => {} };
  await validateConfiguration(config, logger);
  await expect(validateConfiguration({ ...config, asarr: true }, logger)).rejects.toThrow(/asarr/);
});

it('turns every fuse to its safe side and associates the formats that Proxima reads', () => {
  expect(config.electronFuses).toMatchObject({ runAsNode: false, onlyLoadAppFromAsar: true });
  const associations = config.fileAssociations as { ext: string }[];
  expect(associations.map(({ ext }) => ext)).toEqual(['pdf', 'docx', 'epub', 'md', 'txt']);
});

it('packs the model, and unpacks what is opened by path', () => {
  const [resources] = config.extraResources as { from: string }[];
  expect(existsSync(join(ROOT, resources?.from ?? '', 'reader/onnx/model.onnx'))).toBe(true);
  expect(config.asarUnpack).toEqual(expect.arrayContaining(['**/*.node', '**/*.wasm']));
});
