/** Tokenizers of real models against the ids that their own libraries give: ../shared/tokenizers, loudly skipped where absent. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openModelFolder } from '../../engine/folders/node.ts';
import { readTokenizer } from '../../engine/model/tokenizer.ts';
import { ROOT } from './command.ts';

const FOLDER = join(ROOT, '../shared/tokenizers');
const SEPARATOR = '\n__ggml_vocab_test__\n';
const MANY = 1e6;
const there = existsSync(FOLDER);
if (!there) process.stderr.write('\n*** No ../shared/tokenizers: the tests of real tokenizers are SKIPPED. ***\n');

describe.skipIf(!there)('real tokenizers', () => {
  for (const name of ['phi-3', 'qwen2.5'])
    it(`${name}: every case agrees`, async () => {
      const tokenizer = await readTokenizer(await openModelFolder(join(FOLDER, name)), MANY);
      const texts = readFileSync(join(FOLDER, name, 'cases.inp'), 'utf8').split(SEPARATOR);
      const ids = readFileSync(join(FOLDER, name, 'cases.out'), 'utf8').split('\n');
      expect(texts.length).toBeGreaterThan(40);
      expect(texts.map((text) => tokenizer.encodeText(text).join(' '))).toEqual(
        texts.map((_, index) => ids[index]?.trim()),
      );
    });

  it('give the text back, also in pieces', async () => {
    for (const name of ['phi-3', 'qwen2.5', 'smollm2-135m-instruct']) {
      const tokenizer = await readTokenizer(await openModelFolder(join(FOLDER, name)), MANY);
      const text = 'Der Mäher kostet 1.234,50 € — “Ünsinn” 日本語 🦙, isn’t it?\n\nSecond line.';
      expect(tokenizer.decode(tokenizer.encodeText(text)).trim()).toBe(text);
    }
  });
});

describe('a folder with vocab.json and merges.txt', () => {
  it('is refused by name where how it cuts is not known', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'proxima-test-'));
    const files = {
      'vocab.json': '{"a": 0}',
      'merges.txt': '',
      'tokenizer_config.json': '{"tokenizer_class": "OddTokenizer"}',
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    await writeFile(join(folder, 'config.json'), '{}');
    await expect(readTokenizer(await openModelFolder(folder), MANY)).rejects.toMatchObject({
      code: 'model-unsupported',
      message: expect.stringMatching(/OddTokenizer/),
    });
  });
});
