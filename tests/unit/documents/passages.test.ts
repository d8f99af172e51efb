/** Passages of the read text are found in what a page draws, in whatever order it is drawn. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openPdf } from '../../../engine/documents/pdf/open-pdf.ts';
import { readPdf } from '../../../engine/documents/pdf/read-pdf.ts';
import { lettersOf, piecesOf } from '../../../renderer/document/passages.ts';
import { ROOT } from '../../integration/command.ts';

const SET = join(ROOT, 'tests/fixtures/documents');

/** The letters of a page as pdf.js lays them over its picture. */
async function shownOn(bytes: Uint8Array, page: number): Promise<string> {
  const { pdf, close } = await openPdf(new Uint8Array(bytes));
  const { items } = await (await pdf.getPage(page)).getTextContent();
  await close();
  return lettersOf(items.map((item) => ('str' in item ? item.str : '')).join(' '));
}

function lettersIn(shown: string, passage: string): string {
  return piecesOf(shown, passage)
    .map(({ start, end }) => shown.slice(start, end))
    .join('');
}

describe('a passage', () => {
  it('is one piece where it stands as it was read', () => {
    expect(piecesOf('xxthekeyisunderthematxx', 'The key is\nunder the mat.')).toEqual([{ start: 2, end: 21 }]);
  });

  it('is found line by line where its lines are drawn between others, each by the one before', () => {
    const shown = lettersOf(
      'The harbour master keeps / The toll is four dollars / the key of the gate / and is paid at noon',
    );
    expect(lettersIn(shown, 'The harbour master keeps the key of the gate')).toBe(
      'theharbourmasterkeepsthekeyofthegate',
    );
  });

  it('that is not there has no piece, and a short one none that could be another', () => {
    expect(piecesOf(lettersOf('The key is under the mat.'), 'Nobody knows of anything.')).toEqual([]);
    expect(piecesOf(lettersOf('due 12, paid 12'), '12')).toHaveLength(1);
    expect(piecesOf(lettersOf('due 12, paid 12'), '| 12 | nothing else |')).toEqual([]);
  });

  // Each is drawn in another order than it is read, or over its edge.
  it.each([
    'columns-line-by-line.pdf',
    'two-columns.pdf',
    'three-columns.pdf',
    'sidebar.pdf',
    'table-by-column.pdf',
    'table-wrapped.pdf',
    'drawn-backwards.pdf',
    'hyphenated.pdf',
    'letter-21.tagged.pdf',
  ])('of %s is found nearly whole, wherever it begins', async (name) => {
    const bytes = readFileSync(join(SET, name));
    const [page] = (await readPdf(new Uint8Array(bytes))).pages;
    const shown = await shownOn(bytes, 1);
    const text = page?.text ?? '';
    for (let start = 0; start + 250 < text.length; start += 190) {
      const passage = text.slice(start, start + 250);
      const found = lettersIn(shown, passage);
      expect(found.length, passage).toBeGreaterThan(lettersOf(passage).length * 0.85);
    }
  });
});
