import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sentenceRanges } from '../../../engine/quoting/cut-sentences.ts';

const cut = (text: string) => sentenceRanges(text).map(({ start, end }) => text.slice(start, end));

it.each([
  ['One came. Two left! Did three stay?', ['One came.', 'Two left!', 'Did three stay?']],
  ['Mr. Smith met Dr. J. Brown at 5 p.m. on Friday.', ['Mr. Smith met Dr. J. Brown at 5 p.m. on Friday.']],
  ['It cost 4.50 in 1999. Nobody paid.', ['It cost 4.50 in 1999.', 'Nobody paid.']],
  ['“Go!” she said. “Stay,” he said.', ['“Go!” she said.', '“Stay,” he said.']],
  ['Rent: 400\nDeposit: 800\n\nNotes', ['Rent: 400', 'Deposit: 800', 'Notes']],
  ['Il pleut. Élise rit.', ['Il pleut.', 'Élise rit.']],
  ['他来了。她走了！', ['他来了。', '她走了！']],
  ['  \n ', []],
  ['', []],
])('cuts %j', (text, sentences) => {
  expect(cut(text)).toEqual(sentences);
});

it('parts a long sentence at the punctuation nearest to its middle, none of its pieces longer than is read again', () => {
  const clause =
    'the party of the first part shall within ten days of notice deliver the goods to the party of the second part';
  const pieces = cut(`${clause}; ${clause}, ${clause}, ${clause}.`);
  expect(pieces.length).toBeGreaterThan(1);
  expect(pieces[0]).toBe(`${clause};`);
  for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(260);
  expect(pieces.join(' ')).toBe(`${clause}; ${clause}, ${clause}, ${clause}.`);
});

it('parts what has no space too, but never a character', () => {
  const pieces = cut('𝒜'.repeat(3000));
  expect(pieces.length).toBeGreaterThan(4);
  expect(pieces.join('')).toBe('𝒜'.repeat(3000));
  for (const piece of pieces) expect(piece.isWellFormed()).toBe(true);
});

it('leaves nothing out, whatever the text is', () => {
  const text = fc.array(
    fc.constantFrom('.', '!', '"', ' ', '\n', 'A', 'b', '1', 'é', '𝒜', '; ', ', ', 'Mr. ', '。', 'word '),
    { maxLength: 900 },
  );
  fc.assert(
    fc.property(text, (parts) => {
      const whole = parts.join('');
      const ranges = sentenceRanges(whole);
      let done = 0;
      for (const { start, end } of ranges) {
        expect(whole.slice(done, start).trim()).toBe('');
        expect(whole.slice(start, end)).toBe(whole.slice(start, end).trim());
        expect(end).toBeGreaterThan(start);
        done = end;
      }
      expect(whole.slice(done).trim()).toBe('');
    }),
  );
});

it('goes over hostile pages once, not once for each of their characters', () => {
  // Seconds where it did.
  for (const text of [
    '.'.repeat(300_000),
    ' .'.repeat(150_000),
    '."'.repeat(150_000),
    `.${' '.repeat(300_000)}a`,
    ';'.repeat(300_000),
  ])
    expect(sentenceRanges(text).length).toBeGreaterThan(0);
});
