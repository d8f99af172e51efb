/** GGUF fixtures (build/model/random_gguf.py), imported into folders of their own. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ImportOptions, importGguf } from '../../engine/folders/import-gguf.ts';
import { ROOT, temporaryFolder } from './command.ts';

export const GGUF_FIXTURES = join(ROOT, 'tests/fixtures/gguf');

export const ggufNames = readdirSync(GGUF_FIXTURES)
  .filter((file) => file.endsWith('.gguf'))
  .map((file) => file.slice(0, -'.gguf'.length));

export interface ExpectedLogits {
  readonly prompt: number;
  readonly ids: number[];
  /** Of the prompt's last token and those behind it. */
  readonly logits: number[][];
}

export const ggufPath = (name: string) => join(GGUF_FIXTURES, `${name}.gguf`);

export function expectedOf(name: string): ExpectedLogits {
  return JSON.parse(readFileSync(join(GGUF_FIXTURES, `${name}.json`), 'utf8'));
}

export async function imported(name: string, options?: ImportOptions): Promise<string> {
  const folder = join(temporaryFolder(), name);
  await importGguf(ggufPath(name), folder, options);
  return folder;
}
