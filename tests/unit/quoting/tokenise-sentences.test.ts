/** Sentences' tokens under real tokenizers: the quoting reader's own, and others' that no sentence was cut for. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Tokenizer } from '../../../engine/model/tokenizer.ts';
import { tokeniseSentences } from '../../../engine/quoting/tokenise-sentences.ts';

const ROOT = join(import.meta.dirname, '../../..');
const OTHERS = join(ROOT, '../shared/tokenizers');
const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const own = new Tokenizer(json(join(ROOT, 'build/model/checkpoints/quoting-tokenizer.json')), {});

const TEXTS = {
  prose: 'Mr. Ames paid 4,410 dollars. “Why?” asked Élise—twice.  Nobody knew.\n\nThe end came at 5 p.m. on Friday.',
  form: 'Name:\tZoë Nguyễn\r\nRent: £1,200 / month\n- Pets: none\n- Keys: 2 (A7-99X)\n\n  Signed  ',
  signs: 'Ünïcödé “quotes”… 𝒜𝒷 emoji 👩‍👩‍👧 and 漢字。次の文。 End.',
  special: 'A <|end|> in the text. <|question|> too. Then more.',
};

function check(tokenizer: Tokenizer, text: string): void {
  const ids: number[] = [];
  const sentences = tokeniseSentences(tokenizer, text, ids);
  expect(tokenizer.decode(ids)).toBe(text);
  expect(sentences.length).toBeGreaterThan(0);
  let done = 0;
  for (const sentence of sentences) {
    expect(tokenizer.decode(ids.slice(sentence.start, sentence.end)).trim()).toBe(sentence.text);
    expect(tokenizer.decode(ids.slice(done, sentence.start)).trim()).toBe('');
    done = sentence.end;
  }
  expect(tokenizer.decode(ids.slice(done)).trim()).toBe('');
}

describe('the quoting reader’s tokenizer', () => {
  it.each(Object.entries(TEXTS))('%s: every sentence’s tokens decode to its text', (_, text) => {
    check(own, text);
    check(own, `\n${text}`);
  });

  it('gives the ids of the whole page, as if it had been encoded in one', () => {
    for (const text of [TEXTS.prose, TEXTS.signs]) {
      const ids: number[] = [];
      tokeniseSentences(own, text, ids);
      expect(ids).toEqual(own.encodeText(text));
    }
  });

  it('puts a line break in front of a sentence and not into it', () => {
    const ids: number[] = [];
    const [, second] = tokeniseSentences(own, 'One line\nAnother line', ids);
    expect(own.decode(ids.slice(second?.start, second?.end))).toBe('Another line');
  });

  // Text that none of us wrote.
  const book = join(ROOT, '../shared/corpus/rust-book.md');
  it.skipIf(!existsSync(book))('a book with code, lists and tables, sentence by sentence', () => {
    check(own, readFileSync(book, 'utf8').slice(0, 120_000));
  });
});

describe.skipIf(!existsSync(OTHERS)).each(['smollm2-135m-instruct'])('%s', (name) => {
  it.each(Object.entries(TEXTS))('%s', (_, text) => {
    // They read compositions of accents in their own way.
    check(new Tokenizer(json(join(OTHERS, name, 'tokenizer.json')), {}), text.normalize('NFC'));
  });
});
