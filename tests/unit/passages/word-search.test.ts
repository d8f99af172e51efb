import fc from 'fast-check';
import { expect, it } from 'vitest';
import { passagesOf } from '../../../engine/passages/passage-windows.ts';
import { WordSearch } from '../../../engine/passages/word-search.ts';

const pages = [
  { number: 1, text: 'The lease begins on 1 March. Rent is due monthly. Pets are not allowed in the building.' },
  { number: 2, text: 'Der Mieter trägt die Kosten der Heizung. Größere Reparaturen zahlt der Vermieter.' },
  { number: 3, text: '租金每月支付一次。押金为两个月的租金。' },
  { number: 4, text: '' },
];

it.each([
  ['Are pets allowed?', 1],
  ['When do the leases begin?', 1],
  ['Wer zahlt grössere Reparaturen?', 2],
  ['Who pays for the HEIZUNG?', 2],
  ['押金是多少？', 3],
])('finds %s', (question, page) => {
  expect(new WordSearch(pages).find(question, 3)[0]?.page).toBe(page);
});

it('finds nothing where no word stands in the text, and in no text', () => {
  expect(new WordSearch(pages).find('Quetzalcoatl?', 3)).toEqual([]);
  expect(new WordSearch([]).find('Are pets allowed?', 3)).toEqual([]);
});

it('finds a question of nothing but small words by them', () => {
  expect(new WordSearch([{ number: 7, text: 'To be or not to be.' }]).find('To be or what?', 3)[0]?.page).toBe(7);
});

it('leaves no word of a page out, and makes no passage longer than it must', () => {
  const sentence = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1, maxLength: 150 });
  const text = fc.array(sentence, { maxLength: 12 }).map((all) => all.map((words) => `${words.join(' ')}. `).join(''));
  fc.assert(
    fc.property(text, (each) => {
      const passages = passagesOf([{ number: 1, text: each }]);
      const found = new Set(passages.flatMap((passage) => passage.text.split(/\s+/)));
      const lost = each.split(/\s+/).filter((word) => word !== '' && !found.has(word));
      expect(lost).toEqual([]);
      expect(passages.every((passage) => passage.text.length <= 900)).toBe(true);
    }),
  );
});
