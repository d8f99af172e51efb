/**
 * Documents as people have them, in the app: a scan that is asked about before it is recognised, a table, a form; each asked and
 * answered, and the passage marked. Page labels, the outline, what was left out.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT, temporaryFolder } from '../integration/command.ts';
import { makePdf } from '../integration/pdf-making.ts';
import { pictureOf } from '../integration/scanned.ts';
import { askQuestion, CHROMIUM, dropAndShow, type RunningApp, startApp } from './app.ts';

const WAIT = { timeout: 240_000 };
const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const file = (name: string) => ({ name, bytes: readFileSync(at(name)) });
const fixture = (name: string) => ({ name, bytes: readFileSync(join(ROOT, 'tests/fixtures/documents', name)) });
/** One more than are recognised without asking. */
const SHEETS = 21;
const FACT = 'The access code of the Harlow Bank is 73519.';

async function makeLedger(): Promise<void> {
  const draw = (pdf: PDFKit.PDFDocument) => {
    for (let sheet = 1; sheet <= SHEETS; sheet++) {
      const line = sheet === 3 ? FACT : `Sheet ${sheet} of the ledger.`;
      // A strip of a page is enough, and sooner recognised.
      pdf.addPage({ size: [298, 60], margin: 0 }).image(pictureOf([line]), 0, 0, { width: 298 });
    }
  };
  await makePdf(at('ledger.pdf'), draw, { autoFirstPage: false });
}

/** Drawn column by column. */
async function makeTable(): Promise<void> {
  const rows = [
    ['What it is about', 'Value', 'Store'],
    ['The access code of the Harlow Bank is', '73519', 'northern warehouse'],
    ['The toll of the Vernon Bridge is', '4 dollars', 'harbour warehouse'],
    ['The budget of the Merrow Trust is', '400 pounds', 'southern warehouse'],
  ];
  await makePdf(at('values.pdf'), (pdf) => {
    pdf.fontSize(10);
    for (const [column, x] of [60, 290, 400].entries())
      for (const [row, cells] of rows.entries()) pdf.text(cells[column] ?? '', x, 80 + row * 24, { lineBreak: false });
  });
}

async function makeForm(): Promise<void> {
  await makePdf(at('form.pdf'), (pdf) => {
    pdf.font('Helvetica').initForm();
    pdf.text('Application for housing benefit', 60, 60);
    pdf.text('The insurance number of the Merrow Trust is', 60, 110, { lineBreak: false });
    pdf.formText('number', 320, 104, 160, 20, { value: 'QX-20481' });
  });
}

describe.skipIf(!CHROMIUM)('documents as people have them', () => {
  let app: RunningApp;
  let page: Page;

  beforeAll(async () => {
    await Promise.all([makeLedger(), makeTable(), makeForm()]);
    app = await startApp(at('data'));
    page = await app.open();
  });
  afterAll(async () => {
    await app?.stop();
    rmSync(folder, { recursive: true });
  });

  async function askAndShow(question: string): Promise<string> {
    await askQuestion(page, question);
    const turn = page.locator('.turn').last();
    await turn.locator('.chip').first().click(WAIT);
    await page.waitForFunction(() => (CSS.highlights.get('passage')?.size ?? 0) > 0, undefined, WAIT);
    return turn.locator('.markdown').first().innerText();
  }

  const marked = () =>
    page.evaluate(() => {
      const ranges = [...(CSS.highlights.get('passage') ?? [])] as Range[];
      const number = ranges[0]?.startContainer.parentElement?.closest('.page')?.getAttribute('data-page-number');
      return { page: number, text: ranges.map(String).join(' ').replace(/\s+/g, ' ') };
    });

  it('asks before many scans are recognised, pauses and stops, and marks the passage over the picture', async () => {
    const item = await dropAndShow(page, file('ledger.pdf'));
    const dialog = page.getByRole('dialog', { name: 'Recognise scanned pages?' });
    await dialog.waitFor(WAIT);
    expect(await dialog.innerText()).toMatch(
      /21 scanned pages without text. Recognising their words takes about \d+ \w+/,
    );
    await dialog.getByRole('button', { name: 'Not now' }).click();
    await item.getByRole('button', { name: 'Recognise …' }).click();
    await dialog.getByLabel('Language of the pages').selectOption('English');
    await dialog.getByRole('button', { name: 'Recognise', exact: true }).click();
    await item.locator('[data-opening="recognising"]').waitFor(WAIT);
    await item.getByRole('button', { name: 'Pause opening' }).click(WAIT);
    await item.locator('[data-paused="true"]').waitFor(WAIT);
    expect(await item.locator('[data-paused="true"]').innerText()).toMatch(/Paused: Recognising page \d+ of 21/);
    await item.getByRole('button', { name: 'Stop opening' }).click();
    await item.locator('[data-asking]').waitFor(WAIT);
    await item.getByRole('button', { name: 'Recognise …' }).click();
    await dialog.getByRole('button', { name: 'Recognise', exact: true }).click();
    await item.locator('[data-reading="read"]').waitFor(WAIT);
    await item.locator('.warning', { hasText: 'pages 1–21 were recognised' }).waitFor(WAIT);

    expect(await askAndShow('What is the access code of the Harlow Bank?')).toContain('73519');
    expect(await marked()).toEqual({ page: '3', text: expect.stringContaining('73519') });
    const word = page.locator('.page[data-page-number="3"] .recognised-words span', { hasText: '73519' });
    const [over, sheet] = await Promise.all([
      word.boundingBox(),
      page.locator('.page[data-page-number="3"]').boundingBox(),
    ]);
    // Where the word was drawn: in the right half of the line that stands near the top.
    const x = ((over?.x ?? 0) - (sheet?.x ?? 0)) / (sheet?.width ?? 1);
    expect(x).toBeGreaterThan(0.4);
    expect(x).toBeLessThan(0.7);
    expect(await page.getByTestId('recognised').innerText()).toMatch(/Recognised text, \d+ % sure/);
  });

  it('answers from a table that is drawn column by column, and marks its cells', async () => {
    const item = await dropAndShow(page, file('values.pdf'));
    await item.locator('[data-reading="read"]').waitFor(WAIT);
    expect(await askAndShow('What is the budget of the Merrow Trust?')).toContain('400 pounds');
    // Which the page has far from one another.
    expect((await marked()).text).toMatch(/The budget of the Merrow Trust is 400 pounds southern warehouse/);
  });

  it('answers from what was filled into a form', async () => {
    const item = await dropAndShow(page, file('form.pdf'));
    await item.locator('[data-reading="read"]').waitFor(WAIT);
    expect(await askAndShow('What is the insurance number of the Merrow Trust?')).toContain('QX-20481');
    expect((await marked()).text).toContain('The insurance number of the Merrow Trust is');
  });

  it('shows page labels, the outline and what was left out, and puts it back', async () => {
    const item = await dropAndShow(page, fixture('page-labels.pdf'));
    await item.locator('[data-reading="read"]').waitFor(WAIT);
    await expect.poll(() => page.getByTestId('page-label').innerText(), WAIT).toBe('“i”');
    await item.getByRole('button', { name: /^Details of/ }).click();
    const details = page.getByRole('dialog', { name: 'Details' });
    await details.getByText('page numbers, pages 1–6').waitFor(WAIT);
    await details.getByRole('button', { name: 'Put it back' }).click();
    await details.getByText('It is in the text now.').waitFor(WAIT);
    await details.getByRole('button', { name: 'Close' }).click();
    await item.locator('[data-reading="read"]').waitFor(WAIT);

    const article = await dropAndShow(page, fixture('article.pdf'));
    await article.locator('[data-reading="read"]').waitFor(WAIT);
    await page.getByRole('button', { name: 'Outline' }).click(WAIT);
    const last = page.getByRole('navigation', { name: 'Outline' }).getByRole('button').last();
    const target = (await last.innerText()).match(/\d+$/)?.[0];
    await last.click();
    await expect.poll(() => page.inputValue('[data-testid="page"]'), WAIT).toBe(target);
    expect(app.problems).toEqual([]);
  });
});
