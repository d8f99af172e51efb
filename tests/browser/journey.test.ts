/**
 * The whole journey with the real engine and the built-in reader, through serve mode in Chromium: on the sample's first
 * pages, because the whole one is read by the main job's test already, and comparing reads twice.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDocumentFile } from '../../engine/hosts/document-reader.ts';
import { ROOT, temporaryFolder } from '../integration/command.ts';
import { makePdf } from '../integration/pdf-making.ts';
import { askQuestion, CHROMIUM, dropFiles, type RunningApp, startApp } from './app.ts';

const SAMPLE = join(ROOT, 'assets/samples/katrine-papers.pdf');
const PAGES = 22;
const QUESTION = 'What is the annual rent of Ravensworth Mill?';
const LONG = 400_000;

/** The sample's first pages, as many of them, printed anew. */
async function excerpt(): Promise<Buffer> {
  const { pages } = await readDocumentFile(SAMPLE);
  const folder = temporaryFolder();
  const path = join(folder, 'katrine-papers.pdf');
  const draw = (pdf: PDFKit.PDFDocument) => {
    for (const { text } of pages.slice(0, PAGES)) pdf.addPage().fontSize(9).text(text, { height: 700 });
  };
  await makePdf(path, draw, { autoFirstPage: false });
  const bytes = readFileSync(path);
  rmSync(folder, { recursive: true });
  return bytes;
}

describe.skipIf(!CHROMIUM)('the journey', () => {
  let app: RunningApp;
  let page: Page;
  beforeAll(async () => {
    app = await startApp(temporaryFolder());
    page = await app.open();
  });
  afterAll(() => app?.stop());

  it('drop → progress → ask → answer and page → passage shown → compare → gauge → reload', async () => {
    await dropFiles(page, [{ name: 'katrine-papers.pdf', bytes: await excerpt() }]);
    await page.waitForSelector('[data-reading="reading"] progress', { timeout: LONG });
    await page.waitForSelector('[data-reading="read"]', { timeout: LONG });
    await askQuestion(page, QUESTION);
    const chip = page.locator('.turn').first().locator('.chip').first();
    await chip.waitFor({ timeout: LONG });
    expect(await page.locator('.turn .markdown').first().innerText()).toContain('$1,850');
    expect(await chip.innerText()).toMatch(/^Page 21 /);

    await chip.click();
    await page.waitForFunction(() => (CSS.highlights.get('passage')?.size ?? 0) > 0, undefined, { timeout: LONG });
    expect(await page.inputValue('[data-testid="page"]')).toBe('21');
    const marked = await page.evaluate(() => {
      const [range] = CSS.highlights.get('passage') ?? [];
      const page = (range as Range).startContainer.parentElement?.closest('.page');
      return { page: page?.getAttribute('data-page-number'), text: String(range).replace(/\s+/g, ' ') };
    });
    expect(marked.page).toBe('21');
    expect(marked.text).toContain('$1,850');

    await page.getByRole('switch').click();
    await askQuestion(page, QUESTION);
    await page.waitForSelector('.verdict', { timeout: LONG });
    const sides = page.locator('.side');
    expect(await sides.count()).toBe(2);
    for (const side of await sides.all()) expect(await side.innerText()).toContain('$1,850');

    const gauge = await gaugeFigures(page);
    const state = await callServices(page, 'getState', {});
    const [document] = state.documents as {
      tokens: number;
      reading: { memory: { bytes: number; denseBytes: number; parts: { label: string; bytes: number }[] } };
    }[];
    const { memory } = document?.reading ?? {};
    expect(gauge).toMatchObject({ bytes: memory?.bytes, tokens: document?.tokens });
    expect(memory && 1 - memory.bytes / memory.denseBytes).toBeGreaterThan(0.35);
    expect(gauge.parts).toMatchObject(
      Object.fromEntries((memory?.parts ?? []).map(({ label, bytes }) => [label, bytes])),
    );

    await page.reload();
    await page.locator('.side').first().waitFor();
    expect(await page.locator('.turn').count()).toBe(2);
    expect(await page.locator('.turn .markdown').first().innerText()).toContain('$1,850');
    expect(await page.locator('.document').count()).toBe(1);
    expect(await page.getByRole('switch').getAttribute('aria-checked')).toBe('true');
    expect(app.problems).toEqual([]);
  });
});

describe.skipIf(!CHROMIUM)('an app whose engine is lost', () => {
  let app: RunningApp;
  let page: Page;
  beforeAll(async () => {
    app = await startApp(temporaryFolder());
    page = await app.open();
  });
  afterAll(() => app?.stop());

  it('survives the engine being killed while it reads and while it answers, and says so', async () => {
    const text = `${'The weather was fair and nothing was said of it. '.repeat(500)}The access code of the Harlow Bank is 73519. ${'Nobody came. '.repeat(300)}`;
    await dropFiles(page, [{ name: 'weather.txt', bytes: Buffer.from(text) }]);
    const item = page.locator('.document', { hasText: 'weather' });
    await item.locator('[data-reading="reading"]').waitFor({ timeout: LONG });
    app.killEngine();
    await page.locator('.notice', { hasText: 'The engine has stopped' }).first().waitFor({ timeout: LONG });
    await item.locator('[data-reading="read"]').waitFor({ timeout: LONG });
    if ((await page.getByRole('switch').getAttribute('aria-checked')) === 'true')
      await page.getByRole('switch').click();
    await askQuestion(page, 'What is the access code of the Harlow Bank?');
    await page
      .locator('.turn [data-state="answering"], .turn [data-state="waiting"]')
      .first()
      .waitFor({ timeout: LONG });
    app.killEngine();
    await page.locator('.turn [data-state="done"]').first().waitFor({ timeout: LONG });
    expect(await page.locator('.turn .markdown').first().innerText()).toContain('73519');
    await page.locator('.notice', { hasText: 'nothing was lost' }).first().waitFor({ timeout: LONG });
  });

  it('shows the same in two tabs', async () => {
    const other = await page.context().newPage();
    await other.goto(app.url);
    await other.locator('.document', { hasText: 'weather' }).waitFor();
    await other.locator('.document', { hasText: 'weather' }).locator('.title').click();
    await other.locator('.turn').first().waitFor();
    await askQuestion(page, 'Who came?');
    await expect.poll(() => other.locator('.turn').count(), { timeout: LONG }).toBe(2);
    await other.close();
  });
});

async function gaugeFigures(page: Page) {
  return page.evaluate(() => {
    const figure = (selector: string, name: string) =>
      Number(document.querySelector(`.gauge ${selector}`)?.getAttribute(name));
    const parts = [...document.querySelectorAll('.gauge .part')].map((part) => [
      part.getAttribute('data-part'),
      Number(part.getAttribute('data-bytes')),
    ]);
    return {
      bytes: figure('[data-bytes]', 'data-bytes'),
      tokens: figure('[data-tokens]', 'data-tokens'),
      parts: Object.fromEntries(parts) as Record<string, number>,
    };
  });
}

/** Asks the services over a socket of the page's own. */
function callServices(page: Page, name: string, parameters: object) {
  return page.evaluate(
    ([name, parameters]) =>
      new Promise<Record<string, unknown>>((resolve) => {
        const socket = new WebSocket(`ws://${location.host}/events`);
        socket.onopen = () => socket.send(JSON.stringify({ id: 1, name, parameters }));
        socket.onmessage = ({ data }) => {
          const message = JSON.parse(data);
          if (message.id !== 1) return;
          socket.close();
          resolve(message.result);
        };
      }),
    [name, parameters] as const,
  );
}
