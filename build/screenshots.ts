/** `npm run screenshots`: pictures of each screen (light, dark, narrow) from the real app, into assets/screenshots. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { askQuestion, dropFiles, type RunningApp, startApp } from '../tests/browser/app.ts';

const ROOT = join(import.meta.dirname, '..');
const OUT = join(ROOT, 'assets/screenshots');
const SAMPLE = { name: 'katrine-papers.pdf', bytes: readFileSync(join(ROOT, 'assets/samples/katrine-papers.pdf')) };
const QUESTION = 'What is the safe combination of the Harcourt Bank?';
const WAIT = { timeout: 180_000 };
const WIDE = { width: 1360, height: 840 };

const LOOKS: Readonly<Record<string, BrowserContextOptions>> = {
  light: { viewport: WIDE },
  dark: { viewport: WIDE, colorScheme: 'dark' },
  narrow: { viewport: { width: 420, height: 860 } },
};

/** One page a look, all of one app: what one does, the others show. */
async function openLooks(app: RunningApp): Promise<[string, Page][]> {
  return Promise.all(
    Object.entries(LOOKS).map(async ([look, options]): Promise<[string, Page]> => [look, await app.open(options)]),
  );
}

async function takeAll(looks: readonly [string, Page][], screen: string, show: (page: Page) => Promise<unknown>) {
  for (const [look, page] of looks) {
    await show(page);
    await page.waitForTimeout(400); // Pages of the document are still being painted.
    await page.screenshot({ path: join(OUT, `${screen}-${look}.png`) });
  }
  process.stdout.write(`${screen}\n`);
}

const gauge = (page: Page) => page.locator('.gauge .summary').click();
const passageMarked = (page: Page) =>
  page.waitForFunction(() => (CSS.highlights.get('passage')?.size ?? 0) > 0, undefined, WAIT);

/** Pictures show no path of the machine that they were taken on. */
const nameNoFolder = async (page: Page) => {
  const line = page.getByText(data);
  await line.waitFor(WAIT);
  await line.evaluate((element, path) => {
    element.textContent = (element.textContent ?? '').replace(path, '~/.local/share/proxima');
  }, data);
};

mkdirSync(OUT, { recursive: true });
const data = mkdtempSync(join(tmpdir(), 'proxima-'));
const app = await startApp(data);
try {
  const looks = await openLooks(app);
  const [, first] = looks[0] as [string, Page];
  await takeAll(looks, 'welcome', (page) => page.getByText('Nothing here yet').waitFor(WAIT));

  await dropFiles(first, [SAMPLE]);
  await first.waitForFunction(() => Number(document.querySelector('progress')?.value) > 8000, undefined, WAIT);
  await first.getByRole('button', { name: 'Pause reading' }).click();
  await takeAll(looks, 'reading', async (page) => {
    await page.locator('.document .title').click(WAIT);
    await gauge(page);
  });
  await first.getByRole('button', { name: 'Go on reading' }).click();
  await first.waitForSelector('[data-reading="read"]', WAIT);

  await askQuestion(first, QUESTION);
  await first.locator('.chip').first().waitFor(WAIT);
  await takeAll(looks, 'answer', async (page) => {
    await gauge(page);
    await page.reload();
    await page.locator('.chip').first().click(WAIT);
    await passageMarked(page);
  });
  for (const [, page] of looks) await page.getByRole('button', { name: 'Hide document' }).last().click();

  await first.getByRole('switch').click();
  await askQuestion(first, QUESTION);
  await first.waitForSelector('.verdict', WAIT);
  await takeAll(looks, 'compare', (page) => page.locator('.verdict').scrollIntoViewIfNeeded());

  await takeAll(looks, 'settings', async (page) => {
    await page.getByRole('button', { name: 'Settings' }).click();
    await nameNoFolder(page);
  });
  await takeAll(looks, 'models', async (page) => {
    await page.getByRole('button', { name: 'Models …' }).click();
    await page.locator('.models').waitFor(WAIT);
  });
  for (const [, page] of looks) await page.keyboard.press('Escape');
  await takeAll(looks, 'fit', async (page) => {
    await page.getByRole('button', { name: 'What fits?' }).click();
    await page.waitForSelector('.fits', WAIT);
  });
  if (app.problems.length > 0) process.stderr.write(`The pages complained: ${app.problems.join('; ')}\n`);
} finally {
  await app.stop();
  rmSync(data, { recursive: true });
}
