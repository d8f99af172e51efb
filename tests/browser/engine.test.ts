/**
 * The engine's worker in a real Chromium, on its WebGPU: the same answer as on the CPU. Of a short document; with
 * PROXIMA_SAMPLE_PAGES=22 of so many pages of the sample (all: 108), which takes long on a software adapter
 * (build/bench/chromium-on-lavapipe has a faster one than Chromium's own).
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { build, type PreviewServer, preview } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openModelFolder } from '../../engine/folders/node.ts';
import { greedy } from '../../engine/generate/sampling.ts';
import { readDocumentFile } from '../../engine/hosts/document-reader.ts';
import { Reading } from '../../engine/local/reading.ts';
import { loadModel } from '../../engine/model/model.ts';
import { choosePolicy } from '../../engine/policy.ts';
import { createCpuRuntime } from '../../engine/runtime/cpu.ts';
import { ROOT, temporaryFolder } from '../integration/command.ts';
import { CHROMIUM } from './app.ts';

const SAMPLE_PAGES = Number(process.env.PROXIMA_SAMPLE_PAGES ?? 0);
const SAMPLE = SAMPLE_PAGES > 0 ? join(ROOT, 'assets/samples/katrine-papers.pdf') : undefined;
const TIMEOUT = SAMPLE ? 4 * 3_600_000 : 600_000;
const QUESTION = SAMPLE
  ? 'What is the opening date of Wendover Library?'
  : 'What is the access code of the Harlow Bank?';
const sentence = 'The weather was fair and nothing was said of it. ';
const pages = SAMPLE
  ? (await readDocumentFile(SAMPLE)).pages.slice(0, SAMPLE_PAGES).map(({ number, text }) => ({ number, text }))
  : Array.from({ length: 6 }, (_, index) => ({
      number: index + 1,
      text: `${sentence.repeat(6)}${index === 3 ? 'The access code of the Harlow Bank is 73519. ' : ''}${sentence.repeat(4)}`,
    }));

let server: PreviewServer | undefined;
let browser: Browser | undefined;
const folder = temporaryFolder();

/** Built as the app is built, and served with the headers that give a page shared memory. */
async function serve(): Promise<PreviewServer> {
  const config = {
    root: join(ROOT, 'tests/browser'),
    configFile: false as const,
    appType: 'mpa' as const, // What isn't there is 404, not the page.
    logLevel: 'error' as const,
    publicDir: join(ROOT, 'assets/models'),
    build: { outDir: folder, emptyOutDir: true, target: 'esnext', minify: false, reportCompressedSize: false },
    worker: { format: 'es' as const },
  };
  await build(config);
  return preview({
    ...config,
    preview: {
      port: 0,
      host: '127.0.0.1',
      headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
    },
  });
}

beforeAll(async () => {
  if (!CHROMIUM) return;
  server = await serve();
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
  });
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
  rmSync(folder, { recursive: true });
});

it.skipIf(!CHROMIUM)('answers as the CPU does', { timeout: TIMEOUT }, async () => {
  const page = await (browser as Browser).newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  const address = server?.resolvedUrls?.local[0] ?? '';
  await page.goto(`${address}index.html`);
  await page
    .waitForFunction(() => 'runEngine' in window)
    .catch(() => {
      throw new Error(`the page did not start: ${problems.join('; ')}`);
    });
  const started = performance.now();
  const run = await page.evaluate(([folder, document, question]) => window.runEngine(folder, document, question), [
    '/reader',
    pages,
    QUESTION,
  ] as const as never as [string, { number: number; text: string }[], string]);
  const seconds = (performance.now() - started) / 1000;
  const reader = join(ROOT, 'assets/models/reader');
  const model = await loadModel(await openModelFolder(reader), createCpuRuntime({ threads: 1 }), {
    dataFolder: join(reader, 'onnx'),
  });
  const reading = await Reading.open(model, choosePolicy(model), { pages }, { availableBytes: 2 ** 32 });
  const onCpu = await reading.ask({ text: QUESTION, turns: [], maxTokens: 24, sampling: greedy });
  if (SAMPLE) process.stdout.write(`${JSON.stringify({ run, onCpu: onCpu.answer, seconds })}\n`);
  expect(problems).toEqual([]);
  expect(run.runtime).toMatch(/^webgpu \(/);
  expect(run).toMatchObject({
    answer: onCpu.answer,
    text: onCpu.answer,
    page: onCpu.pages[0]?.page,
    tokens: reading.tokens.ids.length,
    bytes: reading.memory().bytes,
  });
  expect(run.progress).toBeGreaterThan(1);
});
