/** What documents can be: two at once, scans, locked, empty, of no known kind; cancelled, too long, and no room to keep them. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT, temporaryFolder } from '../integration/command.ts';
import { makePdf } from '../integration/pdf-making.ts';
import { askQuestion, CHROMIUM, dropAndShow, dropFiles, type RunningApp, startApp } from './app.ts';

const WAIT = { timeout: 240_000 };
const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const file = (name: string) => ({ name, bytes: readFileSync(at(name)) });

describe.skipIf(!CHROMIUM)('documents', () => {
  let app: RunningApp;
  let page: Page;
  const item = (text: string) => page.locator('.document', { hasText: text });

  beforeAll(async () => {
    await makePdf(at('scan.pdf'), (pdf) => pdf.rect(50, 50, 300, 300).fill('grey'));
    await makePdf(at('locked.pdf'), (pdf) => pdf.text('The access code of the Harlow Bank is 73519.'), {
      userPassword: 'open sesame',
    });
    await makePdf(at('half-scan.pdf'), (pdf) => {
      pdf.text('The budget of the Merrow Trust is 400 pounds.');
      pdf.addPage().rect(50, 50, 300, 300).fill('grey');
    });
    writeFileSync(at('empty.txt'), '');
    writeFileSync(at('program.bin'), Buffer.from([0, 1, 2, 3, 0, 255, 254, 0]));
    writeFileSync(at('long.txt'), 'The weather was fair and nothing was said of it. '.repeat(9000));
    app = await startApp(at('data'));
    page = await app.open();
  });
  afterAll(() => app?.stop());

  it('says at each what is wrong with it, and reads what can be read', async () => {
    await dropFiles(page, ['scan.pdf', 'half-scan.pdf', 'empty.txt', 'program.bin'].map(file));
    await item('scan.pdf').first().waitFor(WAIT);
    await item('half-scan.pdf').locator('.warning', { hasText: 'Without text' }).waitFor(WAIT);
    await item('half-scan.pdf').locator('[data-reading="read"]').waitFor(WAIT);
    expect(await page.locator('.document:not(:has-text("half")) .failure', { hasText: 'scan' }).innerText()).toMatch(
      /no text.*OCR/s,
    );
    expect(await item('empty.txt').locator('.failure').innerText()).toMatch(/empty \(0 bytes\)/);
    expect(await item('program.bin').locator('.failure').innerText()).toMatch(/PDF, Word, PowerPoint/);
  });

  it('asks for the password of an encrypted PDF, says that a wrong one is wrong, and opens with the right one', async () => {
    await dropFiles(page, [file('locked.pdf')]);
    await item('locked.pdf').getByRole('button', { name: 'Unlock' }).click(WAIT);
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Open', exact: true }).click();
    await page.waitForTimeout(100);
    await item('locked.pdf').getByRole('button', { name: 'Unlock' }).click(WAIT);
    await page.locator('dialog .failure').waitFor(WAIT);
    await page.getByLabel('Password').fill('open sesame');
    await page.getByRole('button', { name: 'Open', exact: true }).click();
    await item('locked.pdf').locator('[data-reading="read"]').waitFor(WAIT);
  });

  it('keeps two documents ready and answers each from its own text', async () => {
    await item('locked.pdf').locator('.title').click();
    await askQuestion(page, 'What is the access code of the Harlow Bank?');
    await expect.poll(() => page.locator('.turn .markdown').allInnerTexts(), WAIT).toEqual(['73519']);
    await item('half-scan.pdf').locator('.title').click();
    await askQuestion(page, 'What is the budget of the Merrow Trust?');
    await expect.poll(() => page.locator('.turn .markdown').allInnerTexts(), WAIT).toEqual(['400 pounds']);
  });

  it('asks the document that was clicked last, however slow the services are', async () => {
    const context = await app.browser.newContext();
    await context.routeWebSocket(/./, (socket) => {
      const server = socket.connectToServer();
      socket.onMessage((message) => setTimeout(() => server.send(message), 400));
    });
    const slow = await context.newPage();
    await slow.goto(app.url);
    await slow.locator('.document', { hasText: 'half-scan.pdf' }).locator('.title').click(WAIT);
    await slow.locator('.turn .markdown', { hasText: '400 pounds' }).waitFor(WAIT);
    await slow.locator('.document', { hasText: 'locked.pdf' }).locator('.title').click();
    await askQuestion(slow, 'Which code opens the Harlow Bank?');
    const answers = () => slow.locator('.turn .markdown').allInnerTexts();
    await expect.poll(answers, WAIT).toEqual(['73519', '73519']);

    // A first question makes a conversation, which takes its time; who has gone on to another document stays there.
    const note = { name: 'note.txt', bytes: Buffer.from('The toll of the Vernon Bridge is 4 dollars.') };
    await (await dropAndShow(slow, note)).locator('[data-reading="read"]').waitFor(WAIT);
    await slow.waitForTimeout(1000);
    await askQuestion(slow, 'What is the toll of the Vernon Bridge?');
    await slow.locator('.document', { hasText: 'half-scan.pdf' }).locator('.title').click();
    const seen = await slow.evaluate(async () => {
      const documents = new Set<string | undefined>();
      for (let count = 0; count < 100; count++) {
        documents.add(location.hash.split('/')[0]);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return documents.size;
    });
    expect(seen).toBe(1);
    await context.close();
  });

  it('pauses, goes on, and stops reading when it is told to', async () => {
    const own = file('long.txt');
    await dropFiles(page, [{ name: 'weather.txt', bytes: own.bytes.subarray(0, 120_000) }]);
    const reading = item('weather').locator('[data-reading]');
    await item('weather').getByRole('button', { name: 'Pause reading' }).click(WAIT);
    await item('weather').locator('[data-reading="paused"]').waitFor(WAIT);
    await item('weather').getByRole('button', { name: 'Go on reading' }).click(WAIT);
    await item('weather').locator('[data-reading="reading"]').waitFor(WAIT);
    await item('weather').getByRole('button', { name: 'Stop reading' }).click(WAIT);
    await expect.poll(() => reading.getAttribute('data-reading'), WAIT).toBe('none');
  });

  it('says before reading that a document is too long, and reads the part that is chosen', async () => {
    await dropFiles(page, [file('long.txt')]);
    await item('long.txt').locator('.failure').waitFor(WAIT);
    expect(await item('long.txt').locator('.failure').innerText()).toMatch(/has room for [\d,]+ beside a question/);
    await item('long.txt').getByRole('button', { name: 'What fits?' }).click();
    const pod = page.locator('.fits [data-plan="pod"]');
    expect(await pod.getAttribute('data-fits', WAIT)).toBe('false');
    expect(await pod.innerText()).toMatch(/[\d.]+ MiB.*fits up to page \d+/s);
    await page.getByLabel('to page').fill('2');
    await page.getByRole('button', { name: 'Read these pages' }).click();
    await item('long.txt').locator('.warning', { hasText: 'Only pages 1 to 2 were read' }).waitFor(WAIT);
  });

  it('refuses what it has no room for, and loses nothing', async () => {
    // A limit on the size of files stands for a disk that is full: writes fail with the same consequences.
    const small = await startApp(at('small'), undefined, 400);
    const tight = await small.open();
    await dropFiles(tight, [{ name: 'note.txt', bytes: Buffer.from('The toll of the Vernon Bridge is 4 dollars.') }]);
    await tight.locator('[data-reading="read"]').waitFor(WAIT);
    await dropFiles(tight, [file('long.txt')]);
    await tight.locator('.notice', { hasText: 'There is no room left' }).waitFor(WAIT);
    expect(await tight.locator('.document').count()).toBe(1);
    await small.stop();
  });

  it('does not start on a folder that it may not write to, and says why', () => {
    writeFileSync(at('a-file'), '');
    const run = spawnSync(
      join(ROOT, 'node_modules/.bin/node'),
      ['build/serve.ts', '--data', join(at('a-file'), 'data')],
      {
        cwd: ROOT,
        encoding: 'utf8',
      },
    );
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(/can't write to its data folder.*--data.*\[storage-read-only\]/);
  });
});
