/**
 * npm run bench: everything in one run on one machine, as ratios against a peer or the machine's own limit.
 *
 *     npm run bench [-- --only reader] [-- --lengths 1024,4096]                 on the CPU
 *     npm run bench -- --memory [--only …] [--lengths …]                          planned against resident (`memory.ts`)
 *     npm run bench -- --runtime webgpu [--budget 120] [--only …] [--lengths …]   in Chromium (`webgpu.ts`), or --in node
 *
 * Prints a table and writes build/bench/results/cpu.json or webgpu.json (with --only: cpu-ONLY.json).
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { readDocumentFile } from '../../engine/hosts/document-reader.ts';
import { assembleModel, encodeNode, encodeValue, ownModelFields } from '../../engine/model/onnx-writer.ts';
import { createCpuRuntime } from '../../engine/runtime/cpu.ts';
import type { Measurement } from './measure.ts';
import { benchMemory } from './memory.ts';
import { benchWebGpu } from './webgpu.ts';
import { benchWebGpuInNode } from './webgpu-node.ts';

const ROOT = join(import.meta.dirname, '../..');
const BOOK = join(ROOT, '../shared/pdfs/american-adventures.pdf');
const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    lengths: { type: 'string' },
    runtime: { type: 'string', default: 'cpu' },
    budget: { type: 'string', default: '120' },
    in: { type: 'string', default: 'chromium' },
    memory: { type: 'boolean', default: false },
  },
});
const LENGTHS = (options.lengths ?? '1024,4096,16384').split(',').map(Number);
const MEMORY_LENGTH = 8192;
const WEBGPU_LENGTHS = [1024, 4096, 16_384, 32_768];

interface Subject {
  readonly name: string;
  readonly folder: string;
  readonly layers: number;
  /** Query heads × head size. */
  readonly attentionWidth: number;
  /** Weights of the projections and the feed-forward of a layer; of the last one only the projections to q, k, v count. */
  readonly layerWeights: number;
  readonly projectionWeights: number;
}

const SUBJECTS: readonly Subject[] = [
  {
    name: 'built-in reader (int8)',
    folder: join(ROOT, 'assets/models/reader'),
    layers: 8,
    attentionWidth: 256,
    layerWeights: 256 * 384 + 256 * 256 + 3 * 256 * 512,
    projectionWeights: 256 * 384,
  },
  {
    name: 'SmolLM2-135M shape, random (q4)',
    folder: join(ROOT, 'build/bench/cache/smollm2-135m-random'),
    layers: 30,
    attentionWidth: 576,
    layerWeights: 576 * 960 + 576 * 576 + 3 * 576 * 1536,
    projectionWeights: 576 * 960,
  },
];

interface Row {
  readonly subject: string;
  readonly tokens: number;
  readonly dense: Measurement;
  readonly pod: Measurement;
  readonly peer: Measurement;
  /** Achieved over a large matrix product's FLOP/s. */
  readonly floprate: number;
}

/** Multiplications and additions that prefill really does: causal attention, and nothing behind the last layer's keys. */
function prefillOperations(subject: Subject, tokens: number): number {
  const attention = (subject.layers - 1) * 4 * subject.attentionWidth * ((tokens * (tokens + 1)) / 2);
  const weights = (subject.layers - 1) * subject.layerWeights + subject.projectionWeights;
  return attention + 2 * weights * tokens;
}

/** FLOP/s of a large matrix product of onnxruntime: what the machine gives at best. */
async function matrixProductRate(): Promise<number> {
  const size = 2048;
  const value = (name: string) => encodeValue({ name, elementType: 1, dimensions: [size, size] });
  const graph = await assembleModel({
    modelFields: ownModelFields(),
    nodes: [encodeNode({ operator: 'MatMul', inputs: ['a', 'b'], outputs: ['c'] })],
    inputs: [value('a'), value('b')],
    outputs: [value('c')],
  });
  const runtime = createCpuRuntime();
  const session = await runtime.createSession(graph);
  const random = () => runtime.tensor('float32', Float32Array.from({ length: size * size }, Math.random), [size, size]);
  const feeds = { a: random(), b: random() };
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 8; round++) {
    const started = performance.now();
    await session.run(feeds);
    best = Math.min(best, (performance.now() - started) / 1000);
  }
  await session.close();
  return (2 * size ** 3) / best;
}

async function measure(peer: string, subject: Subject, tokens: number, policy: string): Promise<Measurement> {
  const script = join(import.meta.dirname, 'measure.ts');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [script, peer, subject.folder, String(tokens), policy, String(roundsFor(subject, tokens))],
    {
      cwd: ROOT,
      maxBuffer: 1 << 24,
    },
  );
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

/** Three rounds where a round takes seconds, one where it takes a minute. */
function roundsFor(subject: Subject, tokens: number): number {
  return prefillOperations(subject, tokens) > 2e12 ? 1 : 3;
}

async function measureSubject(subject: Subject): Promise<Row[]> {
  const rows: Row[] = [];
  for (const tokens of LENGTHS) {
    process.stderr.write(`${subject.name}, ${tokens} tokens …\n`);
    const before = await matrixProductRate();
    const pod = await measure('engine', subject, tokens, 'pod');
    const limit = Math.max(before, await matrixProductRate());
    const dense = await measure('engine', subject, tokens, 'dense');
    const peer = await measure('transformers', subject, tokens, 'dense');
    const floprate = prefillOperations(subject, tokens) / pod.prefillSeconds / limit;
    rows.push({ subject: subject.name, tokens, dense, pod, peer, floprate });
  }
  return rows;
}

async function extractionRate(): Promise<number | undefined> {
  if (!existsSync(BOOK)) return undefined;
  const started = performance.now();
  const document = await readDocumentFile(BOOK);
  return document.pages.length / ((performance.now() - started) / 1000);
}

function table(rows: readonly Row[]): string {
  const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
  const speed = (measured: Measurement, tokens: number) =>
    Math.round(tokens / measured.prefillSeconds).toLocaleString('en');
  const head = [
    '| model | tokens | prefill tokens/s: PoD / dense / transformers.js | PoD over peer | of the matrix product | decode ms: PoD / dense / transformers.js | peer over PoD | peak MiB: PoD / dense / peer |',
    '|---|---|---|---|---|---|---|---|',
  ];
  const lines = rows.map(({ subject, tokens, dense, pod, peer, floprate }) => {
    const cells = [
      subject,
      tokens.toLocaleString('en'),
      [pod, dense, peer].map((each) => speed(each, tokens)).join(' / '),
      `${(peer.prefillSeconds / pod.prefillSeconds).toFixed(2)}×`,
      floprate.toFixed(2),
      [pod, dense, peer].map((each) => each.decodeMilliseconds.toFixed(2)).join(' / '),
      `${(peer.decodeMilliseconds / pod.decodeMilliseconds).toFixed(1)}×`,
      [pod, dense, peer].map((each) => mebibytes(each.peakBytes)).join(' / '),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [...head, ...lines].join('\n');
}

async function main(): Promise<void> {
  const rows: Row[] = [];
  const absent: string[] = [];
  for (const subject of SUBJECTS.filter(({ name }) => name.includes(options.only ?? ''))) {
    if (existsSync(subject.folder)) rows.push(...(await measureSubject(subject)));
    else absent.push(`${subject.name}: make it with build/model/random_model.py`);
  }
  const pagesPerSecond = await extractionRate();
  const machine = `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores`;
  const matrixProduct = (await matrixProductRate()) / 1e9;
  const results = join(import.meta.dirname, 'results');
  mkdirSync(results, { recursive: true });
  const report = {
    machine,
    date: new Date().toISOString().slice(0, 10),
    matrixProductGigaflops: matrixProduct,
    pagesPerSecond,
    rows,
    absent,
  };
  writeFileSync(
    join(results, options.only ? `cpu-${options.only.split(' ')[0]}.json` : 'cpu.json'),
    `${JSON.stringify(report, null, 2)}\n`,
  );
  const extraction =
    pagesPerSecond === undefined ? 'the 536-page book is absent' : `${pagesPerSecond.toFixed(0)} pages/s`;
  const lines = [
    `${machine}; matrix product ${matrixProduct.toFixed(0)} GFLOP/s; text extraction: ${extraction}`,
    '',
    table(rows),
  ];
  process.stdout.write(`${[...lines, ...absent.map((each) => `SKIPPED ${each}`)].join('\n')}\n`);
}

if (options.memory) {
  const only = options.only ?? '';
  const wide = { name: 'Qwen3-0.6B shape, random (q4)', folder: join(ROOT, 'build/bench/cache/qwen3-0.6b-random') };
  const subjects = [...SUBJECTS, wide].filter(({ name }) => name.includes(only));
  benchMemory(subjects, options.lengths ? LENGTHS : [MEMORY_LENGTH]);
} else if (options.runtime === 'webgpu') {
  const lengths = options.lengths ? LENGTHS : WEBGPU_LENGTHS;
  const selection = { only: options.only ?? '', lengths, budgetSeconds: Number(options.budget) };
  await (options.in === 'node' ? benchWebGpuInNode : benchWebGpu)(selection);
} else await main();
