/**
 * What models that are made of GGUF files take to load and to hold, beside the same weights as exporters write them:
 *
 *     python build/model/large_gguf.py [SHAPE-TYPE ...] && node build/bench/gguf-load.ts [SHAPE-TYPE ...]
 *
 * Each measurement is a process of its own. The import's own time is told too.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { importGguf } from '../../engine/folders/import-gguf.ts';
import { openModelFolder } from '../../engine/folders/node.ts';
import { prefill } from '../../engine/generate/prefill.ts';
import { ALLOCATION } from '../../engine/hosts/fork-engine.ts';
import { cacheShape, planOf } from '../../engine/local/reading.ts';
import { loadModel } from '../../engine/model/model.ts';
import { choosePolicy } from '../../engine/policy.ts';
import { createCpuRuntime } from '../../engine/runtime/cpu.ts';
import { median, tokenIds } from './samples.ts';

const CACHE = join(import.meta.dirname, 'cache');
const RESULTS = join(import.meta.dirname, 'results/gguf-load.json');
const ROUNDS = 3;
/** Whole pages of the cache: what is reserved ahead and not used yet the system does not count. */
const TOKENS = 2000;
const DECODED = 8;
const MEBIBYTE = 2 ** 20;

interface Loaded {
  readonly loadSeconds: number;
  readonly decodeMilliseconds: number;
  readonly prefillSeconds: number;
  /** Bytes: of the process before, once it is loaded, and at the most while it loads and while it reads. */
  readonly before: number;
  readonly held: number;
  readonly loadPeak: number;
  readonly readPeak: number;
  /** Bytes planned: the model, on top while it loads, and cache and scratch. */
  readonly resident: number;
  readonly loading: number;
  readonly reading: number;
}

function memory(field: 'VmRSS' | 'VmHWM'): number {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(line?.[1] ?? 0) * 1024;
}

/** Linux counts the peak anew from here on. */
function forgetPeak(): void {
  writeFileSync('/proc/self/clear_refs', '5');
}

async function load(folder: string): Promise<Loaded> {
  const before = memory('VmRSS');
  const started = performance.now();
  const model = await loadModel(await openModelFolder(folder), createCpuRuntime(), {
    dataFolder: join(folder, 'onnx'),
  });
  const loadSeconds = (performance.now() - started) / 1000;
  const [held, loadPeak] = [memory('VmRSS'), memory('VmHWM')];
  forgetPeak();
  const policy = choosePolicy(model, { policy: 'dense' });
  const plan = planOf(model, policy, TOKENS);
  const cache = model.decoder.createCache(cacheShape(model, policy));
  const reading = performance.now();
  await prefill(model.decoder, cache, tokenIds(TOKENS), { chunkTokens: plan.chunkTokens });
  const prefillSeconds = (performance.now() - reading) / 1000;
  const times: number[] = [];
  for (let index = 0; index < DECODED; index++) {
    const from = performance.now();
    await model.decoder.forward([11 + index], cache, { commit: false, want: 'logits' });
    times.push(performance.now() - from);
  }
  return {
    loadSeconds,
    prefillSeconds,
    decodeMilliseconds: median(times),
    before,
    held,
    loadPeak,
    readPeak: memory('VmHWM'),
    resident: model.residentBytes,
    loading: model.loadingBytes,
    reading: plan.cacheBytes + plan.scratchBytes,
  };
}

function measured(folder: string): Loaded {
  const env = { ...ALLOCATION, ...process.env };
  return JSON.parse(
    execFileSync(process.execPath, [import.meta.filename, '--load', folder], { encoding: 'utf8', env }),
  );
}

/** Planned over measured of three moments, and what it took. */
function told(label: string, rounds: readonly Loaded[]): string {
  const of = (field: keyof Loaded) => median(rounds.map((round) => round[field]));
  const share = (planned: number, found: number) => ((of('before') + planned) / found).toFixed(2);
  const held = share(of('resident'), of('held'));
  const peak = share(of('resident') + of('loading'), of('loadPeak'));
  const read = share(of('resident') + of('reading'), of('readPeak'));
  const bytes = [of('held'), of('loadPeak'), of('readPeak')].map((each) => (each / MEBIBYTE).toFixed(0)).join(', ');
  const speed = `${of('loadSeconds').toFixed(1)} | ${of('prefillSeconds').toFixed(1)} | ${of('decodeMilliseconds').toFixed(0)}`;
  return `| ${label} | ${speed} | ${bytes} | ${held}, ${peak}, ${read} |`;
}

async function main(asked: readonly string[]): Promise<void> {
  const there = readdirSync(CACHE).flatMap((file) => /^large-(.*)\.gguf$/.exec(file)?.[1] ?? []);
  // What is not measured this time stays.
  const results: Record<string, { importSeconds: number; gguf: Loaded[]; onnx: Loaded[] }> = existsSync(RESULTS)
    ? JSON.parse(readFileSync(RESULTS, 'utf8')).results
    : {};
  process.stdout.write(
    `| weights | load, s | prefill of ${TOKENS}, s | decode, ms | MiB: loaded, most while loading, while reading | planned over measured |\n|---|---|---|---|---|---|\n`,
  );
  for (const name of asked.length > 0 ? asked : there) {
    const [source, made, twin] = ['.gguf', '-made', '-onnx'].map((end) => join(CACHE, `large-${name}${end}`)) as [
      string,
      string,
      string,
    ];
    rmSync(made, { recursive: true, force: true });
    const started = performance.now();
    await importGguf(source, made);
    const importSeconds = (performance.now() - started) / 1000;
    const rounds = { gguf: [] as Loaded[], onnx: [] as Loaded[] };
    // In turns, so that what else the machine does falls on both.
    for (let round = 0; round < ROUNDS; round++) {
      rounds.gguf.push(measured(made));
      if (existsSync(twin)) rounds.onnx.push(measured(twin));
    }
    results[name] = { importSeconds, ...rounds };
    const imported = `${(statSync(source).size / MEBIBYTE).toFixed(0)} MiB imported in ${importSeconds.toFixed(1)} s`;
    process.stdout.write(`${told(`${name}, GGUF (${imported})`, rounds.gguf)}\n`);
    if (rounds.onnx.length > 0) process.stdout.write(`${told(`${name}, ONNX`, rounds.onnx)}\n`);
    const date = new Date().toISOString().slice(0, 10);
    writeFileSync(RESULTS, `${JSON.stringify({ date, processor: cpus()[0]?.model, results }, null, 2)}\n`);
  }
}

const [first, ...rest] = process.argv.slice(2);
if (first === '--load') process.stdout.write(`${JSON.stringify(await load(rest[0] ?? ''))}\n`);
else await main(first === undefined ? [] : [first, ...rest]);
