/** The journey in Electron itself. Needs Electron's binary and a display; says loudly where it can't run. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { _electron as electron } from 'playwright-core';
import { expect, it } from 'vitest';
import { askQuestion, dropFiles } from '../browser/app.ts';
import { ROOT, temporaryFolder } from '../integration/command.ts';

const ELECTRON = join(ROOT, 'node_modules/electron');
const NOTE = join(ELECTRON, 'path.txt');
const BINARY = existsSync(NOTE) ? join(ELECTRON, 'dist', readFileSync(NOTE, 'utf8').trim()) : undefined;
const possible = BINARY !== undefined && existsSync(BINARY) && (process.platform !== 'linux' || process.env.DISPLAY);
if (!possible) process.stderr.write('\n*** No Electron binary or no display: the Electron tests are SKIPPED. ***\n');

const WAIT = { timeout: 150_000 };

it.skipIf(!possible)('reads the sample, answers with its page, and has it all after a restart', async () => {
  const data = temporaryFolder();
  const launch = () =>
    electron.launch({ executablePath: BINARY as string, args: [ROOT, `--user-data-dir=${data}`], cwd: ROOT });
  const first = await launch();
  const page = await first.firstWindow();
  expect(await page.evaluate(() => [typeof process, typeof require])).toEqual(['undefined', 'undefined']);
  const bytes = readFileSync(join(ROOT, 'assets/samples/katrine-papers.pdf'));
  await dropFiles(page, [{ name: 'katrine-papers.pdf', bytes }]);
  await page.waitForSelector('[data-reading="read"]', WAIT);
  await askQuestion(page, 'What is the safe combination of the Harcourt Bank?');
  await page.locator('.chip').first().click(WAIT);
  expect(await page.locator('.turn .markdown').first().innerText()).toContain('48213');
  await page.waitForFunction(() => (CSS.highlights.get('passage')?.size ?? 0) > 0, undefined, WAIT);
  await first.close();
  const second = await launch();
  const again = await second.firstWindow();
  await again.locator('.turn').first().waitFor(WAIT);
  expect(await again.locator('.turn .markdown').first().innerText()).toContain('48213');
  await second.close();
});
