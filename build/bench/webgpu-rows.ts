/** What both ways of measuring WebGPU have in common: the models, the cells of a row, and the table. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { isSoftwareName } from '../../engine/runtime/webgpu-device.ts';
import type { AttentionShapeMeasured } from './webgpu-page/bandwidth.ts';

const ROOT = join(import.meta.dirname, '../..');
export const POLICIES = ['pod', 'dense'] as const;
export type Policy = (typeof POLICIES)[number];

/** Something that runs the engine, its attention and perhaps a peer on one adapter. */
export interface Bench {
  /** A fresh start with a model: what one cell has taken is no property of the next. */
  open(subject: Subject): Promise<void>;
  /** Seconds for so many tokens; sampled: reckoned from chunks at the start, in the middle and at the end. */
  prefill(tokens: number, policy: Policy, sampled: boolean): Promise<number>;
  /** Median milliseconds a token behind so many tokens. */
  decode(tokens: number, policy: Policy): Promise<{ milliseconds: number; cacheBytes: number }>;
  close(): Promise<void>;
  /** Bytes a second that decode attention reads, and that a copy reads and writes. */
  bandwidth(shape: AttentionShapeMeasured, tokens: number): Promise<{ attention: number; copy: number }>;
  peer?(folder: string, tokens: number): Promise<{ prefillSeconds: number; decodeMilliseconds: number }>;
}

/** Powers of the length by which a cell is guessed to take longer: weights grow with it, attention with its square. */
const PREFILL_GROWTH = 1.4;
const DECODE_GROWTH = 0.6;

export interface Subject {
  readonly name: string;
  readonly folder: string;
  readonly address: string;
  readonly attention: AttentionShapeMeasured;
}

export const SUBJECTS: readonly Subject[] = [
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
export interface Row {
  readonly subject: string;
  readonly tokens: number;
  readonly prefill: Record<'pod' | 'dense' | 'peer', Measured>;
  /** Whether prefill was reckoned from chunks. */
  readonly sampled: boolean;
  readonly decode: Record<'pod' | 'dense' | 'peer', Measured>;
  readonly cacheBytes: Record<'pod' | 'dense', Measured>;
  /** Bytes a second of decode attention, and over those of a copy. */
  readonly attentionRate: Measured;
  readonly ofCopy: Measured;
}

export class Cells {
  readonly left: string[] = [];
  readonly #budget: number;
  readonly #last = new Map<string, { tokens: number; seconds: number }>();

  constructor(budgetSeconds: number) {
    this.#budget = budgetSeconds;
  }

  /** Whether what it took for fewer tokens says that it would not take too long. */
  affords(kind: string, tokens: number, growth: number): boolean {
    return this.#expected(kind, tokens, growth) <= this.#budget;
  }

  /** Seconds; what was left out takes too long for more tokens as well. */
  #expected(kind: string, tokens: number, growth: number): number {
    const last = this.#last.get(kind);
    return last ? last.seconds * (tokens / last.tokens) ** growth : 0;
  }

  /** Measures, unless what it took for fewer tokens says that it would take too long; never fails the run. */
  async measure<Result>(
    kind: string,
    tokens: number,
    growth: number,
    work: () => Promise<Result>,
  ): Promise<Result | undefined> {
    const expected = this.#expected(kind, tokens, growth);
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

export async function* measureSubject(
  bench: Bench,
  subject: Subject,
  lengths: readonly number[],
  cells: Cells,
): AsyncGenerator<Row> {
  const { name, attention } = subject;
  for (const tokens of lengths) {
    await bench.open(subject);
    const prefill: Row['prefill'] = { pod: undefined, dense: undefined, peer: undefined };
    const decode: Row['decode'] = { pod: undefined, dense: undefined, peer: undefined };
    const cacheBytes: Row['cacheBytes'] = { pod: undefined, dense: undefined };
    let sampled = false;
    for (const policy of POLICIES) {
      const found = await cells.measure(`${name}, decode, ${policy}`, tokens, DECODE_GROWTH, () =>
        bench.decode(tokens, policy),
      );
      decode[policy] = found?.milliseconds;
      cacheBytes[policy] = found?.cacheBytes;
      const whole = `${name}, prefill, ${policy}`;
      // One policy is not measured otherwise than the other.
      sampled ||= !cells.affords(whole, tokens, PREFILL_GROWTH);
      const kind = sampled ? `${whole}, sampled` : whole;
      prefill[policy] = await cells.measure(kind, tokens, sampled ? DECODE_GROWTH : PREFILL_GROWTH, () =>
        bench.prefill(tokens, policy, sampled),
      );
    }
    await bench.close();
    const rates = await cells.measure(`${name}, bandwidth`, tokens, 1, () => bench.bandwidth(attention, tokens));
    const peer = bench.peer
      ? await cells.measure(`${name}, transformers.js`, tokens, PREFILL_GROWTH, () =>
          (bench.peer as NonNullable<Bench['peer']>)(subject.address, tokens),
        )
      : undefined;
    prefill.peer = peer?.prefillSeconds;
    decode.peer = peer?.decodeMilliseconds;
    const ofCopy = rates && rates.attention / rates.copy;
    yield { subject: name, tokens, prefill, sampled, decode, cacheBytes, attentionRate: rates?.attention, ofCopy };
  }
}

const shown = (value: Measured, digits: number) => (value === undefined ? '–' : value.toFixed(digits));

export function table(rows: readonly Row[]): string {
  const lines = rows.map(({ subject, tokens, prefill, sampled, decode, cacheBytes, attentionRate, ofCopy }) => {
    const speeds = [prefill.pod, prefill.dense, prefill.peer].map((seconds) => seconds && tokens / seconds);
    const cells = [
      subject,
      tokens.toLocaleString('en'),
      `${sampled ? '≈ ' : ''}${speeds.map((each) => shown(each, 0)).join(' / ')}`,
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

/** Adapter and processor, with a warning where the adapter is software. */
export function machineOf(adapter: string): string {
  const warning = isSoftwareName(adapter) ? ' (a SOFTWARE adapter: its figures say nothing about graphics cards)' : '';
  return `${adapter}${warning}; ${cpus()[0]?.model.trim()}, ${availableParallelism()} cores`;
}

export interface Selection {
  readonly only: string;
  readonly lengths: readonly number[];
  readonly budgetSeconds: number;
}

/** Measures the models, keeps every row as it comes (a run that is stopped has what it measured), and prints the table. */
export async function measureAll(
  bench: Bench,
  adapter: string,
  { only, lengths, budgetSeconds }: Selection,
  result: string,
): Promise<void> {
  const cells = new Cells(budgetSeconds);
  const rows: Row[] = [];
  const [machine, software] = [machineOf(adapter), isSoftwareName(adapter)];
  const keep = () => {
    const report = { adapter, software, machine, date: new Date().toISOString().slice(0, 10), rows, left: cells.left };
    const results = join(import.meta.dirname, 'results');
    mkdirSync(results, { recursive: true });
    const file = only ? `${result}-${only.split(' ')[0]}.json` : `${result}.json`;
    writeFileSync(join(results, file), `${JSON.stringify(report, null, 2)}\n`);
  };
  for (const subject of SUBJECTS.filter(({ name }) => name.includes(only))) {
    if (!existsSync(subject.folder)) {
      cells.left.push(`${subject.name}: make it with build/model/random_model.py`);
      continue;
    }
    try {
      for await (const row of measureSubject(bench, subject, lengths, cells)) {
        rows.push(row);
        keep();
      }
    } catch (cause) {
      cells.left.push(`${subject.name}: ${String(cause).split('\n')[0]?.slice(0, 200)}`);
    }
  }
  keep();
  process.stdout.write(`${[machine, '', table(rows), ...cells.left.map((each) => `LEFT OUT ${each}`)].join('\n')}\n`);
}
