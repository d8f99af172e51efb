import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wholeSentences } from '../../engine/sentences.ts';

const TEXT =
  'He had the measles in New York. The safe combination is 48213. They thought that he would die. But why? Nobody knew.';
const at = (word: string) => TEXT.indexOf(word);
const quoted = (from: string, to: string, peak: string, text = TEXT) => {
  const { start, end } = wholeSentences(text, { start: text.indexOf(from), end: text.indexOf(to) }, text.indexOf(peak));
  return text.slice(start, end).trim();
};

describe('what is quoted', () => {
  it('begins and ends with a sentence', () =>
    expect(quoted('measles', 'why', '48213')).toBe('The safe combination is 48213. They thought that he would die.'));

  it('has the whole sentence of the peak, also where the range cuts it', () =>
    expect(quoted('combination', '213', '48213')).toBe('The safe combination is 48213.'));

  it('is the range where there are no sentences', () => {
    const table = 'north 12 south 14 east 9 west 11 '.repeat(40);
    expect(wholeSentences(table, { start: 30, end: 90 }, 40)).toEqual({ start: 30, end: 90 });
  });

  it('always holds the peak and stays within the text', () => {
    const place = fc.nat(TEXT.length - 1);
    fc.assert(
      fc.property(place, place, place, (...places) => {
        const [start = 0, peak = 0, end = 0] = places.sort((a, b) => a - b);
        const found = wholeSentences(TEXT, { start, end: end + 1 }, peak);
        expect(found.start <= peak && peak < found.end && found.start >= 0 && found.end <= TEXT.length).toBe(true);
      }),
    );
    expect(at('48213')).toBeGreaterThan(0);
  });
});
