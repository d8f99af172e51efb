/**
 * What a model that is made of a GGUF file of 1 GB takes to load and to hold, beside the same weights as exporters write them:
 *
 *     python build/model/large_gguf.py && node build/bench/gguf-load.ts
 *
 * Each measurement is a process of its own. The import's own time is told too.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { totalBytes } from '../../engine/cache/memory.ts';
import { importGguf } from '../../engine/folders/import-gguf.ts';
import { openModelFolder } from '../../engine/folders/node.ts';
import { prefill } from '../../engine/generate/prefill.ts';
import { cacheShape, planOf } from '../../engine/local/reading.ts';
import { loadModel } from '../../engine/model/model.ts';
import { choosePolicy } from '../../engine/policy.ts';
import { createCpuRuntime } from '../../engine/runtime/cpu.ts';
import { median, tokenIds } from './samples.ts';

const CACHE = join(import.meta.dirname, 'cache');
const GGUF = join(CACHE, 'random-1b.gguf');
const MADE = join(CACHE, 'random-1b-gguf');
const TWIN = join(CACHE, 'random-1b-onnx');
const RESULTS = join(import.meta.dirname, 'results/gguf-load.json');
const ROUNDS = 3;
const TOKENS = 512;
const DECODED = 8;
const MEBIBYTE = 2 ** 20;

interface Loaded {
  readonly loadSeconds: number;
  readonly decodeMilliseconds: number;
  readonly prefillSeconds: number;
  /** Bytes: of the process before, planned, and at the most. */
  readonly before: number;
  readonly planned: number;
  readonly cache: number;
  readonly peak: number;
}

function memory(field: 'VmRSS' | 'VmHWM'): number {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(line?.[1] ?? 0) * 1024;
}

async function load(folder: string): Promise<Loaded> {
  const before = memory('VmRSS');
  const started = performance.now();
  const model = await loadModel(await openModelFolder(folder), createCpuRuntime(), {
    dataFolder: join(folder, 'onnx'),
  });
  const loadSeconds = (performance.now() - started) / 1000;
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
  const planned = model.residentBytes + plan.cacheBytes + plan.scratchBytes;
  const decodeMilliseconds = median(times);
  return {
    loadSeconds,
    prefillSeconds,
    decodeMilliseconds,
    before,
    planned,
    cache: totalBytes(cache.parts()),
    peak: memory('VmHWM'),
  };
}

function measured(folder: string): Loaded {
  return JSON.parse(execFileSync(process.execPath, [import.meta.filename, folder], { encoding: 'utf8' }));
}

async function main(): Promise<void> {
  if (!existsSync(GGUF) || !existsSync(TWIN)) throw new Error('Run build/model/large_gguf.py first.');
  rmSync(MADE, { recursive: true, force: true });
  const started = performance.now();
  await importGguf(GGUF, MADE);
  const importSeconds = (performance.now() - started) / 1000;
  process.stdout.write(
    `imported ${(statSync(GGUF).size / MEBIBYTE).toFixed(0)} MiB in ${importSeconds.toFixed(1)} s\n`,
  );
  const rounds: { gguf: Loaded; onnx: Loaded }[] = [];
  // In turns, so that what else the machine does falls on both.
  for (let round = 0; round < ROUNDS; round++) rounds.push({ gguf: measured(MADE), onnx: measured(TWIN) });
  for (const kind of ['gguf', 'onnx'] as const) {
    const of = (field: keyof Loaded) => median(rounds.map((round) => round[kind][field]));
    const share = ((of('before') + of('planned')) / of('peak')).toFixed(2);
    const peak = (of('peak') / MEBIBYTE).toFixed(0);
    const speed = `prefill of ${TOKENS} ${of('prefillSeconds').toFixed(1)} s, decoding ${of('decodeMilliseconds').toFixed(0)} ms`;
    process.stdout.write(
      `${kind}: loaded in ${of('loadSeconds').toFixed(1)} s, ${speed}, peak ${peak} MiB, planned over measured ${share}\n`,
    );
  }
  const date = new Date().toISOString().slice(0, 10);
  writeFileSync(RESULTS, `${JSON.stringify({ date, processor: cpus()[0]?.model, importSeconds, rounds }, null, 2)}\n`);
}

const [folder] = process.argv.slice(2);
if (folder) process.stdout.write(`${JSON.stringify(await load(folder))}\n`);
else await main();
