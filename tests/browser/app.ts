/** Serve mode with a Chromium in front of it, for the tests of the app. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core';
import { ROOT } from '../integration/command.ts';

/** Which PROXIMA_CHROMIUM names, else Debian's. */
export const CHROMIUM = [process.env.PROXIMA_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser'].find(
  (path) => path && existsSync(path),
);
if (!CHROMIUM) process.stderr.write('\n*** No Chromium: the browser tests are SKIPPED (install chromium). ***\n');

export interface RunningApp {
  readonly url: string;
  readonly process: ChildProcess;
  readonly problems: string[];
  readonly browser: Browser;
  /** What starting the browser took. */
  readonly browserMilliseconds: number;
  open(options?: BrowserContextOptions): Promise<Page>;
  killEngine(): void;
  stop(): Promise<void>;
}

/** `npm run serve` as people run it, on a data folder. The CPU, so that results do not hang on the machine's card. */
export async function startApp(dataFolder: string, model?: string, mostFileKibibytes?: number): Promise<RunningApp> {
  const parameters = ['build/serve.ts', '--data', dataFolder, '--runtime', 'cpu', ...(model ? ['--model', model] : [])];
  const limit = mostFileKibibytes === undefined ? '' : `ulimit -f ${mostFileKibibytes}; `;
  const child = spawn('bash', ['-c', `${limit}exec "$0" "$@"`, join(ROOT, 'node_modules/.bin/node'), ...parameters], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (data) => {
      const found = /http:\S+/.exec(String(data))?.[0];
      if (found) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`serve mode ended with code ${code}`)));
  });
  const launching = performance.now();
  const browser = await chromium.launch({ executablePath: CHROMIUM as string, args: ['--no-sandbox'] });
  const browserMilliseconds = performance.now() - launching;
  const problems: string[] = [];
  return {
    url,
    process: child,
    problems,
    browser,
    browserMilliseconds,
    open: async (options) => {
      const context = await browser.newContext({ viewport: { width: 1400, height: 860 }, ...options });
      const page = await context.newPage();
      page.on('pageerror', (error) => problems.push(error.message));
      page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
      await page.goto(url);
      return page;
    },
    killEngine: () => {
      const children = execFileSync('ps', ['--ppid', String(child.pid), '-o', 'pid=,args='], { encoding: 'utf8' });
      const line = children.split('\n').find((each) => each.includes('engine-process'));
      process.kill(Number(line?.trim().split(' ')[0]), 'SIGKILL');
    },
    stop: async () => {
      await browser.close();
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Drops files onto the window, as from the desktop. */
export async function dropFiles(page: Page, files: readonly { name: string; bytes: Buffer }[]): Promise<void> {
  const transfer = await page.evaluateHandle(
    async (contents) => {
      const data = new DataTransfer();
      for (const { name, base64 } of contents) {
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        data.items.add(new File([bytes], name));
      }
      return data;
    },
    files.map(({ name, bytes }) => ({ name, base64: bytes.toString('base64') })),
  );
  await page.dispatchEvent('body', 'dragenter', { dataTransfer: transfer });
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
}

/** Drops a file and waits until it is the document that is shown: what is asked before goes to the one that was. */
export async function dropAndShow(page: Page, file: { name: string; bytes: Buffer }): Promise<Locator> {
  const ids = () =>
    page.locator('.document').evaluateAll((all) => all.map((each) => each.getAttribute('data-document')));
  const before = await ids();
  const others = before.map((id) => `:not([data-document="${id}"])`).join('');
  await dropFiles(page, [file]);
  const shown = page.locator(`.document[data-selected="true"]${others}`);
  await shown.waitFor({ timeout: 60_000 });
  return page.locator(`.document[data-document="${await shown.getAttribute('data-document')}"]`);
}

export async function askQuestion(page: Page, question: string): Promise<void> {
  await page.fill('#question', question);
  await page.press('#question', 'Enter');
}
