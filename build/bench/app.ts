/**
 * npm run bench:app: from cold start to a usable window in serve mode, and whether the screen stays responsive while a long
 * document is read and somebody types and scrolls. Figures of this machine; nothing here is asserted.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { dropFiles, startApp } from '../../tests/browser/app.ts';

const ROOT = join(import.meta.dirname, '../..');
const SAMPLE = { name: 'katrine-papers.pdf', bytes: readFileSync(join(ROOT, 'assets/samples/katrine-papers.pdf')) };
const ROUNDS = 5;
const WAIT = { timeout: 180_000 };

/** Milliseconds from starting the process to a window that takes documents; the browser's own start is not counted. */
async function coldStart(): Promise<number> {
  const data = mkdtempSync(join(tmpdir(), 'proxima-'));
  const started = performance.now();
  const app = await startApp(data);
  const served = performance.now() - started - app.browserMilliseconds;
  const before = performance.now();
  const page = await app.open();
  await page.getByText('Nothing here yet').waitFor(WAIT);
  const usable = served + performance.now() - before;
  await app.stop();
  rmSync(data, { recursive: true });
  return usable;
}

/** Tasks of the screen over 50 ms while the sample is read, typed at and scrolled. */
async function longTasks(): Promise<{ count: number; longest: number; frames: number }> {
  const data = mkdtempSync(join(tmpdir(), 'proxima-'));
  const app = await startApp(data);
  const page = await app.open();
  await dropFiles(page, [SAMPLE]);
  await page.waitForSelector('[data-reading="reading"]', WAIT);
  await page.getByRole('button', { name: 'Show document' }).click();
  await page.waitForSelector('.textLayer', WAIT);
  await page.evaluate(() => {
    const tasks: number[] = [];
    Object.assign(window, { tasks });
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
      type: 'longtask',
    });
  });
  let frames = 0;
  while ((await page.locator('[data-reading="reading"]').count()) > 0 && frames < 200) {
    await page.type('#question', 'w');
    await page.mouse.move(1200, 500);
    await page.mouse.wheel(0, 120);
    frames++;
  }
  const tasks = await page.evaluate(() => (window as unknown as { tasks: number[] }).tasks);
  await app.stop();
  rmSync(data, { recursive: true });
  return { count: tasks.length, longest: Math.max(0, ...tasks), frames };
}

const starts: number[] = [];
for (let round = 0; round < ROUNDS; round++) starts.push(await coldStart());
starts.sort((one, other) => one - other);
const result = {
  machine: `${cpus()[0]?.model.trim()}, ${cpus().length} cores`,
  coldStartMilliseconds: starts.map(Math.round),
  whileReading: await longTasks(),
};
writeFileSync(join(import.meta.dirname, 'results/app.json'), `${JSON.stringify(result, null, 2)}\n`);
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
