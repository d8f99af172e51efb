/** Nothing that a page draws is lost without being named. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withLeftOut } from '../../../engine/documents/document.ts';
import { openPdf } from '../../../engine/documents/pdf/open-pdf.ts';
import { readPdf } from '../../../engine/documents/pdf/read-pdf.ts';
import { findRepeated, type PageEdges } from '../../../engine/documents/running-titles.ts';
import { ROOT } from '../../integration/command.ts';

const SET = join(ROOT, 'tests/fixtures/documents');
/** Made of fields or comments, which pdf.js does not count as text. */
const NOT_TEXT = /^(form|scan)/;

function edges(lines: readonly string[], index: number): PageEdges {
  const line = (text: string) => ({ text, tabular: false });
  return { number: index + 1, label: undefined, top: lines.slice(0, 2).map(line), bottom: lines.slice(2).map(line) };
}

describe('repeated lines', () => {
  const word = fc.constantFrom(
    'Total',
    'due',
    'VAT',
    'Page',
    'Invoice',
    '12',
    '7',
    'iv',
    'of',
    'Harbour',
    'Report',
    '3',
  );
  const line = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(' '));
  const pages = fc.array(fc.array(line, { minLength: 4, maxLength: 4 }), { minLength: 1, maxLength: 30 });

  it('never are lines that occur once, but for page numbers that count with the pages', () => {
    fc.assert(
      fc.property(pages, (lines) => {
        const counts = new Map<string, number>();
        for (const text of lines.flat()) counts.set(text, (counts.get(text) ?? 0) + 1);
        for (const { text, reason } of findRepeated(lines.map(edges))) {
          if (reason === 'running title') expect(counts.get(text)).toBeGreaterThan(1);
          else expect(text).toMatch(/\d|(^|\s)[ivxlc]+$/i);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('leave the first of each series and at most sixteen words a page', () => {
    fc.assert(
      fc.property(pages, (lines) => {
        const repeated = findRepeated(lines.map(edges));
        for (const { text, page, reason } of repeated) {
          if (reason === 'running title') expect(lines.slice(0, page - 1).flat()).toContain(text);
          const own = repeated.filter((each) => each.page === page);
          expect(own.flatMap((each) => each.text.split(' ')).length).toBeLessThanOrEqual(16);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('are page numbers, arabic or roman, alone or of a total, and no invoice numbers or amounts', () => {
    const roman = ['i', 'ii', 'iii', 'iv', 'v', 'vi'];
    const pages = roman.map((numeral, index) => [
      `Invoice number ${2040 + index}`,
      `Total due ${index + 1}`,
      `Page ${index + 1} of 6`,
      numeral,
    ]);
    const dropped = findRepeated(pages.map(edges)).map(({ text }) => text);
    expect(dropped.filter((text) => /^Page \d of 6$/.test(text))).toHaveLength(6);
    expect(dropped.filter((text) => roman.includes(text))).toHaveLength(6);
    expect(dropped.filter((text) => /Invoice|Total/.test(text))).toEqual([]);
  });
});

/** Letters and digits, sorted: what is joined, parted or moved leaves them as they are. */
function lettersOf(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const letter of text.normalize('NFKC').match(/[\p{L}\p{N}]/gu) ?? [])
    counts.set(letter, (counts.get(letter) ?? 0) + 1);
  return counts;
}

async function drawnText(bytes: Uint8Array): Promise<string> {
  const { pdf, close } = await openPdf(new Uint8Array(bytes));
  let text = '';
  for (let number = 1; number <= pdf.numPages; number++) {
    const { items } = await (await pdf.getPage(number)).getTextContent();
    text += items.map((item) => ('str' in item ? item.str : '')).join(' ');
  }
  await close();
  return text;
}

describe('every PDF of the set', () => {
  const names = readdirSync(SET).filter((name) => name.endsWith('.pdf') && !NOT_TEXT.test(name));

  it.each(names)('%s: what is kept and what is said to be left out is all that is drawn', async (name) => {
    const bytes = readFileSync(join(SET, name));
    const kept = lettersOf(
      withLeftOut(await readPdf(new Uint8Array(bytes)))
        .map(({ text }) => text)
        .join('\n'),
    );
    for (const [letter, count] of lettersOf(await drawnText(bytes))) {
      expect(kept.get(letter) ?? 0, `${name}: ${letter}`).toBeGreaterThanOrEqual(count);
    }
  });
});

it('six invoices keep their numbers, their VAT and their totals', async () => {
  const { pages, leftOut } = await readPdf(readFileSync(join(SET, 'invoices.pdf')));
  for (const [index, { text }] of pages.entries()) {
    expect(text).toContain(`Invoice number ${2040 + index}`);
    expect(text).toMatch(/VAT 20% [\d,.]+/);
    expect(text).toMatch(/Total due [\d,.]+/);
  }
  expect(leftOut).toEqual([]);
});
