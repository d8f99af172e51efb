/**
 * npm run bench -- --runtime webgpu [-- --only reader] [-- --lengths 1024,4096] [-- --budget 120]
 *
 * Our engine, its attention kernel beside a plain copy, and transformers.js, all in one Chromium on one adapter. Prints a table and
 * writes build/bench/results/webgpu.json. A cell that would take longer than the budget, in seconds, is left out and named.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { availableParallelism, cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import sirv from 'sirv';
import { build } from 'vite';
import type { AttentionShapeMeasured } from './webgpu-page/bandwidth.ts';
import type {} from './webgpu-page/page.ts';

const ROOT = join(import.meta.dirname, '../..');
const OUT = join(ROOT, 'dist/bench');
const SOFTWARE = /swiftshader|llvmpipe/i;
const POLICIES = ['pod', 'dense'] as const;
/** Powers of the length by which a cell is guessed to take longer: weights grow with it, attention with its square. */
const PREFILL_GROWTH = 1.4;
const DECODE_GROWTH = 0.6;

export interface WebGpuOptions {
  readonly only: string;
  readonly lengths: readonly number[];
  readonly budgetSeconds: number;
}

interface Subject {
  readonly name: string;
  readonly folder: string;
  readonly address: string;
  readonly attention: AttentionShapeMeasured;
}

const SUBJECTS: readonly Subject[] = [
  {
    name: 'built-in reader (int8)',
    folder: join(ROOT, 'assets/models/reader'),
    address: '/models/reader',
    attention: { queryHeads: 4, keyValueHeads: 2, headSize: 64 },
  },
  {
    name: 'SmolLM2-135M shape, random (q4)',
    folder: join(ROOT, 'build/bench/cache/smollm2-135m-random'),
    address: '/cache/smollm2-135m-random',
    attention: { queryHeads: 9, keyValueHeads: 3, headSize: 64 },
  },
  {
    name: 'Qwen3-0.6B shape, random (q4)',
    folder: join(ROOT, 'build/bench/cache/qwen3-0.6b-random'),
    address: '/cache/qwen3-0.6b-random',
    attention: { queryHeads: 16, keyValueHeads: 8, headSize: 128 },
  },
];

/** Seconds or milliseconds; undefined where it was left out. */
type Measured = number | undefined;
interface Row {
  readonly subject: string;
  readonly tokens: number;
  readonly prefill: Record<'pod' | 'dense' | 'peer', Measured>;
  readonly decode: Record<'pod' | 'dense' | 'peer', Measured>;
  readonly cacheBytes: Record<'pod' | 'dense', Measured>;
  /** Bytes a second of decode attention, and over those of a copy. */
  readonly attentionRate: Measured;
  readonly ofCopy: Measured;
}

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
  const handlers = Object.entries(folders).map(([prefix, folder]) => ({ prefix, serve: sirv(folder, { dev: true }) }));
  const server = createServer((request: IncomingMessage, response) => {
    headers(response);
    const handler = handlers.find(({ prefix }) => request.url?.startsWith(prefix));
    if (handler) request.url = `/${request.url?.slice(handler.prefix.length)}`;
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

/** The system's Chromium on the card, or on its software adapter where there is none. */
async function openPage(address: string): Promise<{ browser: Browser; page: Page; adapter: string }> {
  const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
  if (!executablePath) throw new Error('no Chromium is installed: apt-get install chromium');
  for (const flags of [['--enable-features=Vulkan'], ['--use-webgpu-adapter=swiftshader']]) {
    const args = ['--no-sandbox', '--enable-unsafe-webgpu', ...flags];
    const browser = await chromium.launch({ executablePath, args });
    const page = await browser.newPage();
    await page.goto(`${address}index.html`);
    await page.waitForFunction(() => 'bench' in window);
    const adapter = await page.evaluate(() => window.bench.adapter().catch(() => ''));
    if (adapter) return { browser, page, adapter };
    await browser.close();
  }
  throw new Error('this Chromium has no WebGPU adapter');
}

class Cells {
  readonly left: string[] = [];
  readonly #budget: number;
  readonly #last = new Map<string, { tokens: number; seconds: number }>();

  constructor(budgetSeconds: number) {
    this.#budget = budgetSeconds;
  }

  /** Measures, unless what it took for fewer tokens says that it would take too long; never fails the run. */
  async measure<Result>(
    kind: string,
    tokens: number,
    growth: number,
    work: () => Promise<Result>,
  ): Promise<Result | undefined> {
    const last = this.#last.get(kind);
    const expected = last ? last.seconds * (tokens / last.tokens) ** growth : 0;
    if (expected > this.#budget) {
      this.left.push(`${kind}, ${tokens} tokens: would take about ${Math.round(expected)} s`);
      return undefined;
    }
    process.stderr.write(`${kind}, ${tokens} tokens …\n`);
    const started = performance.now();
    try {
      return await work();
    } catch (cause) {
      this.left.push(`${kind}, ${tokens} tokens: ${String(cause).split('\n')[0]?.slice(0, 160)}`);
      return undefined;
    } finally {
      this.#last.set(kind, { tokens, seconds: (performance.now() - started) / 1000 });
    }
  }
}

async function* measureSubject(
  page: Page,
  subject: Subject,
  lengths: readonly number[],
  cells: Cells,
): AsyncGenerator<Row> {
  const { name, address, attention } = subject;
  for (const tokens of lengths) {
    await page.reload(); // What one cell has taken is no property of the next.
    await page.waitForFunction(() => 'bench' in window);
    await page.evaluate((folder) => window.bench.open(folder), address);
    const prefill: Row['prefill'] = { pod: undefined, dense: undefined, peer: undefined };
    const decode: Row['decode'] = { pod: undefined, dense: undefined, peer: undefined };
    const cacheBytes: Row['cacheBytes'] = { pod: undefined, dense: undefined };
    for (const policy of POLICIES) {
      const choice = [tokens, policy] as const;
      const found = await cells.measure(`${name}, decode, ${policy}`, tokens, DECODE_GROWTH, () =>
        page.evaluate(([count, chosen]) => window.bench.decode(count, chosen), choice),
      );
      decode[policy] = found?.milliseconds;
      cacheBytes[policy] = found?.cacheBytes;
      prefill[policy] = await cells.measure(`${name}, prefill, ${policy}`, tokens, PREFILL_GROWTH, () =>
        page.evaluate(([count, chosen]) => window.bench.prefill(count, chosen), choice),
      );
    }
    await page.evaluate(() => window.bench.close());
    const rates = await cells.measure(`${name}, bandwidth`, tokens, 1, () =>
      page.evaluate(([shape, count]) => window.bench.bandwidth(shape, count), [attention, tokens] as const),
    );
    const peer = await cells.measure(`${name}, transformers.js`, tokens, PREFILL_GROWTH, () =>
      page.evaluate(([folder, count]) => window.bench.peer(folder, count), [address, tokens] as const),
    );
    prefill.peer = peer?.prefillSeconds;
    decode.peer = peer?.decodeMilliseconds;
    const ofCopy = rates && rates.attention / rates.copy;
    yield { subject: name, tokens, prefill, decode, cacheBytes, attentionRate: rates?.attention, ofCopy };
  }
}

const shown = (value: Measured, digits: number) => (value === undefined ? '–' : value.toFixed(digits));

function table(rows: readonly Row[]): string {
  const lines = rows.map(({ subject, tokens, prefill, decode, cacheBytes, attentionRate, ofCopy }) => {
    const speeds = [prefill.pod, prefill.dense, prefill.peer].map((seconds) => seconds && tokens / seconds);
    const cells = [
      subject,
      tokens.toLocaleString('en'),
      speeds.map((each) => shown(each, 0)).join(' / '),
      [decode.pod, decode.dense, decode.peer].map((each) => shown(each, 1)).join(' / '),
      shown(attentionRate && attentionRate / 1e9, 2),
      shown(ofCopy, 2),
      [cacheBytes.pod, cacheBytes.dense].map((bytes) => shown(bytes && bytes / 2 ** 20, 0)).join(' / '),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '| model | tokens | prefill tokens/s: PoD / dense / transformers.js | decode ms: PoD / dense / transformers.js | attention GB/s | of a copy | cache MiB: PoD / dense |',
    '|---|---|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}

export async function benchWebGpu({ only, lengths, budgetSeconds }: WebGpuOptions): Promise<void> {
  await build({
    root: join(import.meta.dirname, 'webgpu-page'),
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
  const cells = new Cells(budgetSeconds);
  const rows: Row[] = [];
  const software = SOFTWARE.test(adapter);
  const machine = `${adapter}${software ? ' (a SOFTWARE adapter: its figures say nothing about graphics cards)' : ''}; ${cpus()[0]?.model.trim()}, ${availableParallelism()} cores`;
  // After every row: a run that is stopped has what it measured.
  const keep = () => {
    const report = { adapter, software, machine, date: new Date().toISOString().slice(0, 10), rows, left: cells.left };
    const results = join(import.meta.dirname, 'results');
    mkdirSync(results, { recursive: true });
    const file = only ? `webgpu-${only.split(' ')[0]}.json` : 'webgpu.json';
    writeFileSync(join(results, file), `${JSON.stringify(report, null, 2)}\n`);
  };
  try {
    for (const subject of SUBJECTS.filter(({ name }) => name.includes(only))) {
      if (!existsSync(subject.folder)) cells.left.push(`${subject.name}: make it with build/model/random_model.py`);
      else
        for await (const row of measureSubject(page, subject, lengths, cells)) {
          rows.push(row);
          keep();
        }
    }
  } finally {
    await browser.close();
    server.close();
  }
  keep();
  process.stdout.write(`${[machine, '', table(rows), ...cells.left.map((each) => `LEFT OUT ${each}`)].join('\n')}\n`);
}
