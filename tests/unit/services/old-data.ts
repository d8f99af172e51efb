/** Data folders that earlier versions left, copied so that they can be opened. */
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { READER, ROOT, temporaryFolder } from '../../integration/command.ts';

const FIXTURES = join(ROOT, 'tests/fixtures');

/** Gives the folder that holds `data`. */
export function dataOfVersion010(): string {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  cpSync(join(FIXTURES, 'data-0.1.0'), data, { recursive: true });
  rmSync(join(data, 'README.md'));
  const list = join(data, 'models/models.json');
  const listed = readFileSync(list, 'utf8').replace('@DATA@', data).replace('@READER@', READER);
  writeFileSync(list, listed);
  const model = join(data, 'models/someone--reader-fp32');
  mkdirSync(model);
  for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'pod.json', 'onnx'])
    symlinkSync(join(READER, name), join(model, name));
  return folder;
}

/** Gives the data folder. */
export function databaseOfVersion(version: number): string {
  const folder = temporaryFolder();
  const file = version === 1 ? 'data-0.1.0/proxima.sqlite' : `databases/version-${version}.sqlite`;
  copyFileSync(join(FIXTURES, file), join(folder, 'proxima.sqlite'));
  return folder;
}
