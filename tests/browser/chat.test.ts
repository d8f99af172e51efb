/** What can be done with a conversation and with the document beside it. */

import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Measured } from '../../engine/engine.ts';
import type { Fit } from '../../engine/fit.ts';
import { temporaryFolder } from '../integration/command.ts';
import { makePdf } from '../integration/pdf-making.ts';
import { askQuestion, CHROMIUM, dropFiles, type RunningApp, startApp } from './app.ts';

const WAIT = { timeout: 240_000 };
const folder = temporaryFolder();
const CODE = 'What is the access code of the Harlow Bank?';
const BUDGET = 'What is the budget of the Merrow Trust?';

describe.skipIf(!CHROMIUM)('a conversation', () => {
  let app: RunningApp;
  let page: Page;
  const answers = () => page.locator('.turn .markdown').allInnerTexts();

  beforeAll(async () => {
    await makePdf(`${folder}/papers.pdf`, (pdf) => {
      for (let number = 1; number <= 5; number++) {
        pdf.text('The weather was fair and nothing was said of it. '.repeat(12));
        if (number === 2) pdf.text('The access code of the Harlow Bank is 73519.');
        if (number === 4) pdf.text('The budget of the Merrow Trust is 400 pounds.');
        if (number < 5) pdf.addPage();
      }
    });
    app = await startApp(`${folder}/data`);
    page = await app.open({ acceptDownloads: true, permissions: ['clipboard-read', 'clipboard-write'] });
    await dropFiles(page, [{ name: 'papers.pdf', bytes: readFileSync(`${folder}/papers.pdf`) }]);
    await page.locator('[data-reading="read"]').waitFor(WAIT);
  });
  afterAll(() => app?.stop());

  it('copies an answer, asks again, and asks in other words', async () => {
    await askQuestion(page, CODE);
    await expect.poll(answers, WAIT).toEqual(['73519']);
    await page.getByRole('button', { name: 'Copy answer' }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('73519');
    await page.getByRole('button', { name: 'Ask again' }).click();
    await expect.poll(answers, WAIT).toEqual(['73519']);
    await page.getByRole('button', { name: 'Edit question' }).click();
    await page.locator('.edit textarea').fill(BUDGET);
    await page.getByRole('button', { name: 'Ask this instead' }).click();
    await expect.poll(answers, WAIT).toEqual(['400 pounds']);
    expect(await page.locator('.turn h3').innerText()).toBe(BUDGET);
  });

  it('copies a report of faults that has nothing of the document', async () => {
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('button', { name: 'Copy report' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor(WAIT);
    const report = await page.evaluate(() => navigator.clipboard.readText());
    expect(report).toMatch(/^Proxima [\d.]+ \(serve mode, Node \d+/);
    expect(report).toContain('runtime cpu');
    for (const hidden of ['papers.pdf', 'Harlow', '73519', folder]) expect(report).not.toContain(hidden);
    await page.keyboard.press('Escape');
  });

  it('keeps several conversations, renames, finds words in them, and exports', async () => {
    await page.getByRole('button', { name: 'New conversation' }).last().click();
    await expect.poll(() => page.locator('.turn').count()).toBe(0);
    await askQuestion(page, CODE);
    await expect.poll(answers, WAIT).toEqual(['73519']);
    await page.getByRole('button', { name: /^Conversation menu/ }).click();
    expect(await page.getByRole('menuitemradio').count()).toBe(2);
    await page.getByRole('menuitem', { name: 'Rename' }).click();
    await page.getByLabel('Title of the conversation').fill('The bank');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Conversation menu: The bank' }).waitFor(WAIT);

    await page.getByLabel('Search conversations').fill('pounds');
    await page.locator('.hits button').click(WAIT);
    await expect.poll(answers).toEqual(['400 pounds']);
    await page.getByLabel('Search conversations').fill('73519');
    await page.locator('.hits button', { hasText: 'The bank' }).click(WAIT);
    await expect.poll(answers).toEqual(['73519']);
    await page.getByLabel('Search conversations').fill('');

    const exported = async (item: string) => {
      const download = page.waitForEvent('download');
      await page.getByRole('button', { name: /^Conversation menu/ }).click();
      await page.getByRole('menuitem', { name: item }).click();
      const file = await download;
      return { name: file.suggestedFilename(), text: readFileSync(await file.path(), 'utf8') };
    };
    const markdown = await exported('Export as Markdown');
    expect(markdown.name).toBe('The bank.md');
    expect(markdown.text).toMatch(
      /^# The bank\n.*## What is the access code.*\*\*(PoD|Small)\*\*: 73519\n\nLooked at: page 2 /s,
    );
    const json = JSON.parse((await exported('Export as JSON')).text);
    expect(json.turns[0].answers[0]).toMatchObject({ text: '73519', state: 'done' });
  });

  it('shows the document: pages, thumbnails, words found', async () => {
    await page.getByRole('button', { name: 'Show document' }).click();
    await page.locator('.textLayer').first().waitFor(WAIT);
    await page.getByRole('button', { name: 'Page thumbnails' }).click();
    await page.getByRole('button', { name: 'Page 4', exact: true }).click();
    await expect.poll(() => page.inputValue('[data-testid="page"]')).toBe('4');
    const width = () =>
      page
        .locator('.pdfViewer .page')
        .first()
        .evaluate((each) => each.clientWidth);
    const before = await width();
    await page.getByRole('button', { name: 'Zoom in' }).click();
    await expect.poll(width).toBeGreaterThan(before);
    await page.getByLabel('Find in document').fill('Harlow');
    await page.locator('.find output', { hasText: '1 of 1' }).waitFor(WAIT);
    await expect.poll(() => page.inputValue('[data-testid="page"]')).toBe('2');
  });

  it('stops an answer, and keeps what is there', async () => {
    // Dense is not in memory yet: it has to be read first, which takes long enough to be stopped.
    await page.getByRole('switch').click();
    await askQuestion(page, BUDGET);
    await page.getByRole('button', { name: 'Stop' }).first().click(WAIT);
    await page.locator('.turn').last().getByRole('button', { name: 'Ask again' }).waitFor(WAIT);
    await page.getByRole('switch').click();
    await page.reload();
    await page.locator('.turn').last().waitFor(WAIT);
    expect(await page.locator('.turn').last().getAttribute('aria-busy')).toBe('false');
    expect(app.problems).toEqual([]);
  });

  it('says with numbers that dense does not fit where only PoD does', async () => {
    const own = await startApp(`${folder}/tight`);
    onTestFinished(() => own.stop());
    const tight = await own.open();
    await dropFiles(tight, [
      { name: 'long.txt', bytes: Buffer.from('The weather was fair and nothing was said of it. '.repeat(500)) },
    ]);
    await tight.locator('[data-reading="read"]').waitFor(WAIT);
    const { fits } = await tight.evaluate(
      () =>
        new Promise<Measured>((resolve) => {
          const socket = new WebSocket(`ws://${location.host}/events`);
          const [document] = location.hash.slice(1).split('/');
          socket.onopen = () => socket.send(JSON.stringify({ id: 1, name: 'measure', parameters: { document } }));
          socket.onmessage = ({ data }) => {
            const message = JSON.parse(data);
            if (message.id === 1) resolve(message.result);
          };
        }),
    );
    const [dense, smaller] = fits.map(({ fit }) => fit) as [Fit, Fit];
    const between = Math.round(((dense.cacheBytes + smaller.cacheBytes) / 2 + dense.scratchBytes) / 2 ** 20);
    await tight.getByRole('button', { name: 'Settings' }).click();
    await tight.getByLabel('Memory that reading may take').fill(String(between));
    await tight.keyboard.press('Enter');
    await tight.keyboard.press('Escape');
    await tight.getByRole('switch').click();
    await askQuestion(tight, CODE);
    const denseSide = tight.locator('.side[data-plan="dense"] .failure');
    await denseSide.waitFor(WAIT);
    expect(await denseSide.innerText()).toMatch(/takes [\d.]+ MiB and [\d.]+ MiB are free/);
    await tight.locator('.side:not([data-plan="dense"]) [data-state="done"]').waitFor(WAIT);
  });
});
