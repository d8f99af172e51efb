/** GGUF files on the models page: imported by their path, and found where other programs keep theirs, when asked and not before. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT, temporaryFolder } from '../integration/command.ts';
import { ggufPath } from '../integration/gguf.ts';
import { CHROMIUM, dropFiles, type RunningApp, startApp } from './app.ts';
import { violations } from './axe.ts';

const WAIT = { timeout: 120_000 };
const DIGEST = 'c'.repeat(64);
/** By which people and programs move these folders. */
const ELSEWHERE = ['OLLAMA_MODELS', 'LLAMA_CACHE', 'HF_HUB_CACHE', 'HF_HOME', 'XDG_DATA_HOME', 'XDG_CACHE_HOME'];

/** A home in which LM Studio keeps two files, one of them damaged, and Ollama a model as it lays them out. */
function furnishedHome(): string {
  const home = temporaryFolder();
  const put = (path: string, from: string) => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    cpSync(from, join(home, path));
  };
  put('.lmstudio/models/someone/Qwen3-GGUF/Qwen3-Q8_0.gguf', ggufPath('qwen3'));
  put('.lmstudio/models/someone/Broken-GGUF/Broken.gguf', join(ROOT, 'package.json'));
  put(`.ollama/models/blobs/sha256-${DIGEST}`, ggufPath('gemma2'));
  const manifest = join(home, '.ollama/models/manifests/registry.example/library/gemma2/2b');
  mkdirSync(dirname(manifest), { recursive: true });
  const layers = [{ mediaType: 'application/vnd.ollama.image.model', digest: `sha256:${DIGEST}` }];
  writeFileSync(manifest, JSON.stringify({ layers }));
  return home;
}

describe.skipIf(!CHROMIUM)('GGUF on the models page', () => {
  let app: RunningApp;
  const before = { ...process.env };

  beforeAll(async () => {
    for (const name of ELSEWHERE) delete process.env[name];
    process.env.HOME = furnishedHome();
    app = await startApp(temporaryFolder());
  });
  afterAll(async () => {
    await app?.stop();
    process.env = before;
  });

  async function openModels(): Promise<Page> {
    const page = await app.open({ bypassCSP: true });
    await page.getByRole('button', { name: 'Settings' }).click(WAIT);
    await page.getByRole('button', { name: 'Models …' }).click(WAIT);
    return page;
  }

  it('a file is imported by its path, and refused in words where it is none', async () => {
    const page = await openModels();
    const here = page.getByRole('region', { name: 'On this machine' });
    const path = page.getByLabel('A model folder or GGUF file that is already there');
    await path.fill(ggufPath('granite'));
    await page.getByRole('button', { name: 'Import', exact: true }).first().click();
    const made = here.locator('.model', { hasText: 'granite' });
    await made.getByText('granite: 2 layers, 2 KV heads of 16').waitFor(WAIT);
    await made.getByRole('button', { name: 'Use' }).waitFor(WAIT);

    await path.fill(join(process.env.HOME ?? '', '.lmstudio/models/someone/Broken-GGUF/Broken.gguf'));
    await page.getByRole('button', { name: 'Import', exact: true }).first().click();
    await page.locator('.failure', { hasText: "Broken.gguf can't be read as GGUF" }).waitFor(WAIT);
    expect(await here.locator('.model').count()).toBe(2);
    expect(app.problems).toEqual([]);
    await page.context().close();
  });

  it('a file that is dropped says where to type its path, since browsers keep it to themselves', async () => {
    const page = await app.open();
    await page.getByRole('button', { name: 'Settings' }).waitFor(WAIT);
    await dropFiles(page, [{ name: 'qwen3.gguf', bytes: Buffer.from('GGUF') }]);
    await page.getByText(/where qwen3\.gguf lies/).waitFor(WAIT);
    await page.context().close();
  });

  it('models of other programs are looked for by a click alone, and imported by another', async () => {
    const page = await openModels();
    const others = page.getByRole('region', { name: 'Models of other programs' });
    await others.waitFor(WAIT);
    expect(await others.locator('.model').count()).toBe(0);
    await others.getByRole('button', { name: 'Look for them' }).click();

    const found = (name: string) => others.locator('.model', { hasText: name });
    await found('gemma2:2b').getByText('Ollama, 46.7 KiB, Q8_0, 512 tokens of context.').waitFor(WAIT);
    await found('Qwen3-Q8_0').getByText('LM Studio, 54.8 KiB, Q8_0, 512 tokens of context.').waitFor(WAIT);
    await found('gemma2:2b').getByText('there is no second one to share keys with').waitFor(WAIT);
    await found('Broken').locator('.failure', { hasText: "can't be read as GGUF" }).waitFor(WAIT);
    expect(await found('Broken').getByRole('button').isDisabled()).toBe(true);
    expect(await others.locator('.model').count()).toBe(3);
    expect(await violations(page)).toEqual([]);

    await others.getByRole('button', { name: 'Import gemma2:2b' }).click();
    const made = page.getByRole('region', { name: 'On this machine' }).locator('.model', { hasText: 'gemma2-2b' });
    await made.getByText('gemma2: 2 layers, 2 KV heads of 16').waitFor(WAIT);
    expect(app.problems).toEqual([]);
    await page.context().close();
  });
});
