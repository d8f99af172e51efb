/**
 * Tokenizers that are made of GGUF vocabularies. With build/model/vocabulary_gguf.py those of ../shared/tokenizers are written as GGUF;
 * PROXIMA_GGUF_VOCABULARIES names a folder of llama.cpp's own (models/ggml-vocab-*.gguf with .inp and .out). Loudly skipped where absent.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFile, openModelFolder } from '../../engine/folders/node.ts';
import { readGguf } from '../../engine/gguf/read-gguf.ts';
import { tokenizerConfig, tokenizerDefinition } from '../../engine/gguf/tokenizer-files.ts';
import { readVocabulary } from '../../engine/gguf/vocabulary.ts';
import { readTokenizer, Tokenizer } from '../../engine/model/tokenizer.ts';
import { ROOT } from './command.ts';

const SHARED = join(ROOT, '../shared/tokenizers');
const WORK = join(ROOT, 'build/model/work');
const THEIRS = process.env.PROXIMA_GGUF_VOCABULARIES;
const SEPARATOR = '\n__ggml_vocab_test__\n';
const CASES = join(SHARED, 'phi-3/cases.inp');

const written = existsSync(join(WORK, 'vocabulary-phi-3.gguf')) && existsSync(CASES);
if (!written)
  process.stderr.write(
    '\n*** No vocabularies in build/model/work (build/model/vocabulary_gguf.py): their tests are SKIPPED. ***\n',
  );
if (!THEIRS)
  process.stderr.write(
    '\n*** No PROXIMA_GGUF_VOCABULARIES: the test of llama.cpp’s own vocabularies is SKIPPED. ***\n',
  );

async function tokenizerOf(path: string): Promise<Tokenizer> {
  const source = await openFile(path);
  try {
    const gguf = await readGguf(source, basename(path));
    const vocabulary = readVocabulary(gguf);
    return new Tokenizer(
      JSON.parse(JSON.stringify(tokenizerDefinition(gguf, vocabulary))),
      tokenizerConfig(gguf, vocabulary),
    );
  } finally {
    await source.close();
  }
}

const textsOf = (path: string) => readFileSync(path, 'utf8').split(SEPARATOR);
const idsOf = (path: string) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.trim());

describe.skipIf(!written)('vocabularies of real models as GGUF', () => {
  it.each(['phi-3', 'qwen2.5'])('%s: every case agrees with llama.cpp', async (name) => {
    const tokenizer = await tokenizerOf(join(WORK, `vocabulary-${name}.gguf`));
    const texts = textsOf(join(SHARED, name, 'cases.inp'));
    const ids = idsOf(join(SHARED, name, 'cases.out'));
    expect(texts.length).toBeGreaterThan(40);
    expect(texts.map((text) => tokenizer.encodeText(text).join(' '))).toEqual(texts.map((_, index) => ids[index]));
  });

  it.each(['phi-3', 'qwen2.5', 'smollm2-135m-instruct'])(
    '%s: a long text agrees with the published tokenizer',
    async (name) => {
      const tokenizer = await tokenizerOf(join(WORK, `vocabulary-${name}.gguf`));
      const published = await readTokenizer(await openModelFolder(join(SHARED, name)), Number.POSITIVE_INFINITY);
      // @huggingface/tokenizers takes ½ for no digit, unlike the library that the file was written for (and what is made here).
      const text = textsOf(CASES).join(' ').replaceAll('½', '');
      expect(tokenizer.encodeText(text)).toEqual(published.encodeText(text));
      expect(tokenizer.decode(tokenizer.encodeText(text))).toBe(published.decode(published.encodeText(text)));
    },
  );
});

describe.skipIf(!THEIRS)('llama.cpp’s own vocabularies', () => {
  const folder = THEIRS ?? '.';
  const withCases = THEIRS ? readdirSync(folder).filter((file) => existsSync(join(folder, `${file}.out`))) : [];

  it.each(withCases)('%s: every case agrees, or it is refused by name', async (file) => {
    const tokenizer = await tokenizerOf(join(folder, file)).catch((cause) => {
      expect(cause).toMatchObject({ code: 'gguf-unsupported', detail: { feature: 'tokenizer' } });
    });
    if (!tokenizer) return expect(file).toMatch(/bert|gemma-4/);
    const texts = textsOf(join(folder, `${file}.inp`));
    const ids = idsOf(join(folder, `${file}.out`));
    expect(texts.map((text) => tokenizer.encodeText(text).join(' '))).toEqual(texts.map((_, index) => ids[index]));
  });
});
