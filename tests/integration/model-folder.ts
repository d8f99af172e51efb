/** Whole model folders made of parity fixtures. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { READER, ROOT, temporaryFolder } from './command.ts';

/** A parity fixture has no tokenizer: the reader's is put beside it, and the vocabulary told to be as large. */
export function completed(fixture: string): string {
  const folder = join(temporaryFolder(), fixture);
  cpSync(join(ROOT, 'tests/fixtures/parity', fixture), folder, { recursive: true });
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) cpSync(join(READER, name), join(folder, name));
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, vocab_size: 8192 }));
  return folder;
}
