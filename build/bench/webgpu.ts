/**
 * npm run bench -- --runtime webgpu [-- --only reader] [-- --lengths 1024,4096] [-- --budget 120]
 *
 * Our engine, its attention kernel beside a plain copy, and transformers.js, all in one Chromium on one adapter. Prints a table and
 * writes build/bench/results/webgpu.json. A cell that would take longer than the budget, in seconds, is left out and named.
 */
import { existsSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import sirv from 'sirv';
import { build } from 'vite';
import type {} from './webgpu-page/page.ts';
import { type Bench, measureAll, type Selection } from './webgpu-rows.ts';

const ROOT = join(import.meta.dirname, '../..');
const OUT = join(ROOT, 'dist/bench');
const QUIETLY = { throwIfNoEntry: false } as const;

function start(): Promise<{ address: string; close: () => void }> {
  const headers = (response: ServerResponse) => {
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
  };
  const own = createRequire(createRequire(import.meta.url).resolve('@huggingface/transformers'));
  const folders: Readonly<Record<string, string>> = {
    '/models/': join(ROOT, 'assets/models'),
    '/cache/': join(ROOT, 'build/bench/cache'),
    '/onnxruntime/': dirname(own.resolve('onnxruntime-web')),
    '/': OUT,
  };
  const handlers = Object.entries(folders).map(([prefix, folder]) => ({
    prefix,
    folder,
    serve: sirv(folder, { dev: true }),
  }));
  const server = createServer((request: IncomingMessage, response) => {
    headers(response);
    const handler = handlers.find(({ prefix }) => request.url?.startsWith(prefix));
    if (handler) request.url = `/${request.url?.slice(handler.prefix.length)}`;
    // sirv answers HEAD by reading the whole file: of weights a gigabyte, for nothing.
    const found = handler && request.method === 'HEAD' && statSync(join(handler.folder, request.url ?? ''), QUIETLY);
    if (found) {
      response.writeHead(200, { 'Content-Length': found.size }).end();
      return;
    }
    handler?.serve(request, response, () => {
      response.writeHead(404).end();
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      resolve({ address: `http://127.0.0.1:${port}/`, close: () => server.close() });
    });
  });
}

/** What `chromium-on-lavapipe` prepared says that it is SwiftShader. */
function adapterName(executablePath: string, name: string): string {
  const replaced = existsSync(join(dirname(executablePath), 'libvk_swiftshader-own.so'));
  return replaced ? "mesa software (lavapipe), in SwiftShader's place" : name;
}

/** The Chromium that PROXIMA_CHROMIUM names or the system's, on the card, or on its software adapter where there is none. */
async function openPage(address: string): Promise<{ browser: Browser; page: Page; adapter: string }> {
  const known = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
  const executablePath = [process.env.PROXIMA_CHROMIUM ?? '', ...known].find(existsSync);
  if (!executablePath) throw new Error('no Chromium is installed: apt-get install chromium');
  for (const flags of [['--enable-features=Vulkan'], ['--use-webgpu-adapter=swiftshader']]) {
    const args = ['--no-sandbox', '--enable-unsafe-webgpu', ...flags];
    const browser = await chromium.launch({ executablePath, args });
    const page = await browser.newPage();
    await page.goto(`${address}index.html`);
    await page.waitForFunction(() => 'bench' in window);
    const adapter = await page.evaluate(() => window.bench.adapter().catch(() => ''));
    if (adapter) return { browser, page, adapter: adapterName(executablePath, adapter) };
    await browser.close();
  }
  throw new Error('this Chromium has no WebGPU adapter');
}

/** What the page measures, called from here. */
function benchIn(page: Page): Bench {
  return {
    open: async ({ address }) => {
      await page.reload();
      await page.waitForFunction(() => 'bench' in window);
      await page.evaluate((folder) => window.bench.open(folder), address);
    },
    prefill: (...parameters) =>
      page.evaluate(([tokens, policy, sampled]) => window.bench.prefill(tokens, policy, sampled), parameters),
    decode: (...parameters) => page.evaluate(([tokens, policy]) => window.bench.decode(tokens, policy), parameters),
    close: () => page.evaluate(() => window.bench.close()),
    bandwidth: (...parameters) => page.evaluate(([shape, tokens]) => window.bench.bandwidth(shape, tokens), parameters),
    peer: (...parameters) => page.evaluate(([folder, tokens]) => window.bench.peer(folder, tokens), parameters),
  };
}

export async function benchWebGpu(selection: Selection): Promise<void> {
  await build({
    root: join(import.meta.dirname, 'webgpu-page'),
    appType: 'mpa', // What isn't there is 404, not the page.
    configFile: false,
    logLevel: 'error',
    build: {
      outDir: OUT,
      emptyOutDir: true,
      target: 'esnext',
      reportCompressedSize: false,
      chunkSizeWarningLimit: 8192,
    },
  });
  const server = await start();
  const { browser, page, adapter } = await openPage(server.address);
  try {
    await measureAll(benchIn(page), adapter, selection, 'webgpu');
  } finally {
    await browser.close();
    server.close();
  }
}
