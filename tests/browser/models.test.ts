/** The models page in the browser: looked up by a click, downloaded with a pause in between, used, and removed. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { READER, temporaryFolder } from '../integration/command.ts';
import { type HubServer, REPOSITORY, startHub } from '../integration/hub-server.ts';
import { askQuestion, CHROMIUM, dropFiles, type RunningApp, startApp } from './app.ts';
import { violations } from './axe.ts';

const WAIT = { timeout: 120_000 };
const TEXT = `${'Nobody came. '.repeat(40)}The toll of the Vernon Bridge is 4 dollars. ${'Nobody came. '.repeat(40)}`;

describe.skipIf(!CHROMIUM)('models', () => {
  let app: RunningApp;
  let hub: HubServer;
  const before = process.env.HF_ENDPOINT;

  beforeAll(async () => {
    hub = await startHub();
    process.env.HF_ENDPOINT = hub.endpoint;
    app = await startApp(temporaryFolder());
  });
  afterAll(async () => {
    await app?.stop();
    hub.close();
    if (before === undefined) delete process.env.HF_ENDPOINT;
    else process.env.HF_ENDPOINT = before;
  });

  it('are fetched by clicks alone, paused and taken up, and answer', async () => {
    const page = await app.open();
    await page.getByRole('button', { name: 'Settings' }).click(WAIT);
    await page.getByRole('button', { name: 'Models …' }).click();
    const here = page.getByRole('region', { name: 'On this machine' });
    await here.getByText('llama: 8 layers, 2 KV heads of 64').waitFor(WAIT);
    expect(hub.asked).toEqual([]);

    await page.getByLabel('Any other model').fill(REPOSITORY);
    await page.getByRole('button', { name: 'Look up', exact: true }).last().click();
    hub.pause = 60;
    await page.getByRole('button', { name: /Download fp32, 1\d\.\d MiB/ }).click(WAIT);
    const way = page.getByRole('region', { name: 'On their way' });
    await page.waitForFunction(
      () => Number(document.querySelector<HTMLProgressElement>('.download progress')?.value) > 2 ** 21,
      undefined,
      WAIT,
    );
    await way.getByRole('button', { name: 'Pause download' }).click();
    await way.getByText(/Paused at .* MiB of 1\d\.\d MiB/).waitFor(WAIT);
    hub.pause = 0;
    await way.getByRole('button', { name: 'Go on downloading' }).click();
    const got = here.locator('.model', { hasText: 'someone--reader-ONNX-fp32' });
    await got.getByText('Trained under its cache plan').waitFor(WAIT);
    await way.waitFor({ state: 'detached', ...WAIT });
    await got.getByRole('button', { name: 'Use' }).click();
    await got.getByRole('button', { name: 'In use' }).waitFor(WAIT);
    await page.keyboard.press('Escape');

    await dropFiles(page, [{ name: 'bridge.txt', bytes: Buffer.from(TEXT) }]);
    await page.locator('[data-reading="read"]').waitFor(WAIT);
    await askQuestion(page, 'What is the toll of the Vernon Bridge?');
    await page.getByText('4 dollars', { exact: true }).waitFor(WAIT);

    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByText('someone--reader-ONNX-fp32, up to').waitFor(WAIT);
    await page.getByRole('button', { name: 'Models …' }).click();
    await got.getByRole('button', { name: 'Remove' }).click(WAIT);
    await page.getByText('delete its files').waitFor(WAIT);
    await page.locator('dialog .danger').click();
    await got.waitFor({ state: 'detached', ...WAIT });
    await here.getByRole('button', { name: 'In use' }).waitFor(WAIT);
    expect(await here.locator('.model').count()).toBe(1);
    expect(app.problems).toEqual([]);
  });

  it('are shared keys in only where that was measured on the reader’s own documents', async () => {
    const bare = join(temporaryFolder(), 'bare');
    cpSync(READER, bare, { recursive: true });
    rmSync(join(bare, 'pod.json'));
    const page = await app.open({ bypassCSP: true });
    await page.getByRole('button', { name: 'Settings' }).click(WAIT);
    await page.getByRole('button', { name: 'Models …' }).click();
    await page.getByLabel('A model folder or GGUF file that is already there').fill(bare);
    await page.getByRole('button', { name: 'Import' }).click();
    const item = page.locator('.model', { hasText: 'bare' });
    await item.getByText('No cache plan yet.').waitFor(WAIT);
    await item.getByRole('button', { name: 'Use' }).click();
    await page.keyboard.press('Escape');
    await page.locator('#compare[disabled]').waitFor(WAIT);
    await page.getByText('This model has no cache plan.').first().waitFor(WAIT);

    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('button', { name: 'Models …' }).click();
    await item.getByRole('button', { name: 'Find a cache plan …' }).click(WAIT);
    await page.getByRole('checkbox', { name: 'bridge.txt' }).check();
    await page.getByRole('button', { name: 'Look for a plan' }).click();
    // Too short to judge a plan on: said in words, and nothing is offered.
    await page.locator('dialog .failure', { hasText: /bridge\.txt has \d+ tokens/ }).waitFor(WAIT);
    await page.keyboard.press('Escape');

    await dropFiles(page, [
      { name: 'weather.txt', bytes: Buffer.from('It rained all day, and nobody came. '.repeat(500)) },
    ]);
    await page.locator('.document', { hasText: 'weather.txt' }).locator('[data-reading="read"]').waitFor(WAIT);
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('button', { name: 'Models …' }).click();
    await item.getByRole('button', { name: 'Find a cache plan …' }).click(WAIT);
    await page.getByRole('checkbox', { name: 'weather.txt' }).check();
    await page.getByRole('button', { name: 'Look for a plan' }).click();
    await page.getByText(/\d+ plans tried, at most \d+/).waitFor(WAIT);
    expect(await violations(page)).toEqual([]);
    await page.locator('dialog').getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Look for a plan' }).waitFor(WAIT);
    await page.getByRole('button', { name: 'Back to the models' }).click();
    await item.getByText('No cache plan yet.').waitFor(WAIT);
    await page.context().close();
  });

  it('say what is in the way, in the page', async () => {
    const page = await app.open();
    await page.getByRole('button', { name: 'Settings' }).click(WAIT);
    await page.getByRole('button', { name: 'Models …' }).click();
    await page.getByLabel('Any other model').fill('gated/model');
    await page.getByRole('button', { name: 'Look up', exact: true }).last().click(WAIT);
    await page.getByText(/\(401\)/).waitFor(WAIT);
    await page.getByLabel('A model folder or GGUF file that is already there').fill('/nowhere/at/all');
    await page.getByRole('button', { name: 'Import' }).click();
    await page
      .getByText(/nowhere|no folder|not a/i)
      .last()
      .waitFor(WAIT);
    await page.getByLabel('Token for models behind terms').fill('hf_secret');
    await page.getByRole('button', { name: 'Keep', exact: true }).click();
    await page.getByText('One is kept until Proxima ends').waitFor(WAIT);
    expect(await page.content()).not.toContain('hf_secret');
  });
});
