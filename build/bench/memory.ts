/**
 * npm run bench -- --memory [--only reader]: what was planned beside what the system counts, in a process of its own each.
 * Also `node build/bench/memory.ts FOLDER TOKENS dense|pod`, which prints one line of JSON.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { totalBytes } from '../../engine/cache/memory.ts';
import { openModelFolder } from '../../engine/folders/node.ts';
import { prefill } from '../../engine/generate/prefill.ts';
import { cacheShape, planOf } from '../../engine/local/reading.ts';
import { loadModel } from '../../engine/model/model.ts';
import { choosePolicy } from '../../engine/policy.ts';
import { createCpuRuntime } from '../../engine/runtime/cpu.ts';
import { tokenIds } from './samples.ts';

const DECODED = 16;
const MEBIBYTE = 2 ** 20;

interface MemoryMeasurement {
  /** The process before anything was loaded. */
  readonly before: number;
  readonly planned: { readonly model: number; readonly cache: number; readonly scratch: number };
  readonly cache: number;
  /** Largest resident memory of the process. */
  readonly peak: number;
}

/** Of this process, in bytes. */
function resident(field: 'VmRSS' | 'VmHWM'): number {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(line?.[1] ?? 0) * 1024;
}

async function measure(folder: string, tokens: number, policyName: 'dense' | 'pod'): Promise<MemoryMeasurement> {
  const before = resident('VmRSS');
  const model = await loadModel(await openModelFolder(folder), createCpuRuntime(), {
    dataFolder: join(folder, 'onnx'),
  });
  const policy = choosePolicy(model, { policy: policyName });
  const plan = planOf(model, policy, tokens);
  const cache = model.decoder.createCache(cacheShape(model, policy));
  await prefill(model.decoder, cache, tokenIds(tokens), { chunkTokens: plan.chunkTokens });
  for (let index = 0; index < DECODED; index++)
    await model.decoder.forward([11 + index], cache, { commit: false, want: 'logits' });
  const planned = { model: model.residentBytes, cache: plan.cacheBytes, scratch: plan.scratchBytes };
  return { before, planned, cache: totalBytes(cache.parts()), peak: resident('VmHWM') };
}

type MemoryRow = MemoryMeasurement & { name: string; tokens: number; policy: string; plannedInAll: number };

const RESULTS = join(import.meta.dirname, 'results/memory.json');

/** After every row, so that a run that is stopped has what it measured; what was not measured this time stays. */
function keep(row: MemoryRow): void {
  const known: MemoryRow[] = existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')).rows : [];
  const others = known.filter(
    ({ name, tokens, policy }) => name !== row.name || tokens !== row.tokens || policy !== row.policy,
  );
  const date = new Date().toISOString().slice(0, 10);
  writeFileSync(RESULTS, `${JSON.stringify({ date, rows: [...others, row] }, null, 2)}\n`);
}

export function benchMemory(subjects: readonly { name: string; folder: string }[], lengths: readonly number[]): void {
  const lines = [
    '| model | tokens | cache | before | planned: model, cache, scratch | planned in all, MiB | measured, MiB | planned / measured |',
    '|---|---|---|---|---|---|---|---|',
  ];
  for (const { name, folder } of subjects.filter((each) => existsSync(each.folder)))
    for (const tokens of lengths)
      for (const policy of ['pod', 'dense']) {
        const parameters = [join(import.meta.dirname, 'memory.ts'), folder, String(tokens), policy];
        const found: MemoryMeasurement = JSON.parse(execFileSync(process.execPath, parameters, { encoding: 'utf8' }));
        const { before, planned, peak } = found;
        const all = before + planned.model + planned.cache + planned.scratch;
        const shown = (bytes: number) => (bytes / MEBIBYTE).toFixed(0);
        const parts = [planned.model, planned.cache, planned.scratch].map(shown).join(', ');
        const cells = [name, tokens, policy, shown(before), parts, shown(all), shown(peak), (all / peak).toFixed(2)];
        lines.push(`| ${cells.join(' | ')} |`);
        process.stderr.write(`${lines.at(-1)}\n`);
        keep({ name, tokens, policy, ...found, plannedInAll: all });
      }
  process.stdout.write(`${lines.join('\n')}\n`);
}

if (process.argv[1] === import.meta.filename) {
  const [folder = '', tokens = '8192', policy = 'pod'] = process.argv.slice(2);
  const found = await measure(folder, Number(tokens), policy as 'dense' | 'pod');
  process.stdout.write(`${JSON.stringify(found)}\n`);
}
