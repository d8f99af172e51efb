/** `npm run screenshots`: pictures of each screen (light, dark, narrow) from the real app, into assets/screenshots. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { askQuestion, dropFiles, startApp } from '../tests/browser/app.ts';

const ROOT = join(import.meta.dirname, '..');
const OUT = join(ROOT, 'assets/screenshots');
const SAMPLE = { name: 'katrine-papers.pdf', bytes: readFileSync(join(ROOT, 'assets/samples/katrine-papers.pdf')) };
const QUESTION = 'What is the safe combination of the Harcourt Bank?';
const WAIT = { timeout: 180_000 };
const WIDE = { width: 1360, height: 840 };
const NARROW = { width: 420, height: 860 };

async function take(page: Page, name: string): Promise<void> {
  await page.waitForTimeout(400); // Pages of the document are still being painted.
  await page.screenshot({ path: join(OUT, `${name}.png`) });
  process.stdout.write(`${name}\n`);
}

mkdirSync(OUT, { recursive: true });
const data = mkdtempSync(join(tmpdir(), 'proxima-'));
const app = await startApp(data);
try {
  const page = await app.open({ viewport: WIDE });
  await take(page, 'welcome-light');
  await dropFiles(page, [SAMPLE]);
  await page.waitForSelector('[data-reading="reading"] progress', WAIT);
  await page.waitForFunction(() => Number(document.querySelector('progress')?.value) > 12_000, undefined, WAIT);
  await page.locator('.gauge .summary').click();
  await take(page, 'reading-light');
  await page.locator('.gauge .summary').click();
  await page.waitForSelector('[data-reading="read"]', WAIT);
  await askQuestion(page, QUESTION);
  await page.locator('.chip').first().click(WAIT);
  await page.waitForFunction(() => (CSS.highlights.get('passage')?.size ?? 0) > 0, undefined, WAIT);
  await take(page, 'answer-light');
  await page.getByRole('switch').click();
  await askQuestion(page, QUESTION);
  await page.waitForSelector('.verdict', WAIT);
  await page.getByRole('button', { name: 'Hide document' }).first().click();
  await page.locator('.gauge .summary').click();
  await take(page, 'compare-light');
  await page.getByRole('button', { name: 'Settings' }).click();
  await take(page, 'settings-light');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'What fits?' }).click();
  await page.waitForSelector('.fits', WAIT);
  await take(page, 'fit-light');

  const dark = await app.open({ viewport: WIDE, colorScheme: 'dark' });
  await dark.locator('.turn').first().waitFor(WAIT);
  await take(dark, 'compare-dark');
  await dark.locator('.chip').first().click();
  await dark.waitForFunction(() => (CSS.highlights.get('passage')?.size ?? 0) > 0, undefined, WAIT);
  await take(dark, 'answer-dark');

  const narrow = await app.open({ viewport: NARROW });
  await narrow.locator('.turn').first().waitFor(WAIT);
  await take(narrow, 'answer-narrow');
  if (app.problems.length > 0) process.stderr.write(`The pages complained: ${app.problems.join('; ')}\n`);
} finally {
  await app.stop();
  rmSync(data, { recursive: true });
}
