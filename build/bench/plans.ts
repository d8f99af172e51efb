/**
 * npm run bench:plans: a model under its cache plans, beside dense and transformers.js, each in a process of its own, all in one run.
 *
 *     npm run bench:plans [-- --model DIR] [--file PLANFILE] [--plans dense,pod] [--lengths 16384] [--rounds 1] [--peer]
 *
 * Ratios are over dense. Writes build/bench/results/plans-MODEL.json.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Measurement } from './measure.ts';

const ROOT = join(import.meta.dirname, '../..');
const RESULTS = join(import.meta.dirname, 'results');
const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: join(ROOT, 'assets/models/reader') },
    file: { type: 'string' },
    plans: { type: 'string', default: 'dense,pod' },
    lengths: { type: 'string', default: '16384' },
    rounds: { type: 'string', default: '1' },
    peer: { type: 'boolean', default: false },
  },
});

interface Row extends Measurement {
  readonly tokens: number;
  readonly name: string;
}

const folder = resolve(options.model);

function measure(peer: 'engine' | 'transformers', tokens: number, plan: string): Row {
  process.stderr.write(`${peer}, ${plan}, ${tokens} tokens …\n`);
  const script = join(import.meta.dirname, 'measure.ts');
  const file = options.file ? [resolve(options.file)] : [];
  const parameters = [script, peer, folder, String(tokens), plan, options.rounds, ...file];
  const output = execFileSync(process.execPath, parameters, { encoding: 'utf8', cwd: ROOT, maxBuffer: 1 << 24 });
  const measured: Measurement = JSON.parse(output.trim().split('\n').at(-1) ?? '');
  return { ...measured, tokens, name: peer === 'engine' ? plan : 'transformers.js' };
}

function lineOf(row: Row, dense: Row | undefined): string {
  const over = (own: number, other: number | undefined) => (other ? ` (${(other / own).toFixed(2)}×)` : '');
  const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
  const cells = [
    row.name,
    row.tokens.toLocaleString('en'),
    `${Math.round(row.tokens / row.prefillSeconds).toLocaleString('en')}${over(row.prefillSeconds, dense?.prefillSeconds)}`,
    `${row.decodeMilliseconds.toFixed(1)}${over(row.decodeMilliseconds, dense?.decodeMilliseconds)}`,
    row.cacheBytes === undefined ? '–' : mebibytes(row.cacheBytes),
    row.cacheBytes && dense?.cacheBytes ? `${((1 - row.cacheBytes / dense.cacheBytes) * 100).toFixed(1)} %` : '–',
    mebibytes(row.peakBytes),
  ];
  return `| ${cells.join(' | ')} |`;
}

const rows: Row[] = [];
for (const tokens of options.lengths.split(',').map(Number)) {
  for (const plan of options.plans.split(',')) rows.push(measure('engine', tokens, plan));
  if (options.peer) rows.push(measure('transformers', tokens, 'dense'));
}
const denseOf = (tokens: number) => rows.find((row) => row.name === 'dense' && row.tokens === tokens);
const head = [
  '| plan | tokens | prefill tokens/s | decode ms | cache MiB | saved | peak MiB |',
  '|---|---|---|---|---|---|---|',
];
process.stdout.write(`${[...head, ...rows.map((row) => lineOf(row, denseOf(row.tokens)))].join('\n')}\n`);

/** Rows of other runs stay, but for those that were measured again. */
mkdirSync(RESULTS, { recursive: true });
const target = join(RESULTS, `plans-${basename(folder)}.json`);
const known: Row[] = existsSync(target) ? JSON.parse(readFileSync(target, 'utf8')).rows : [];
const same = (one: Row, other: Row) => one.name === other.name && one.tokens === other.tokens;
const kept = known.filter((each) => !rows.some((row) => same(row, each)));
const date = new Date().toISOString().slice(0, 10);
writeFileSync(target, `${JSON.stringify({ date, rows: [...kept, ...rows] }, null, 2)}\n`);
