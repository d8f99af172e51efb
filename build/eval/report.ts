/**
 * npm run eval:report: tables and heat maps of what `npm run eval` measured.
 *
 * Reads build/eval/results/*.json, writes build/eval/REPORT.md and build/eval/results/*.png.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describePlan } from '../../engine/cache/plan.ts';
import type { NamedPlan } from '../../engine/cache/plan-file.ts';
import { describeExploration } from './exploration.ts';
import { drawHeatMaps, type Grid } from './heat-map.ts';
import { percent, table } from './markdown.ts';
import { type AnsweredQuestion, confidence, parseResults, type Results } from './results.ts';
import { drawSavingChart, type Point } from './saving-chart.ts';

const FOLDER = join(import.meta.dirname, 'results');
const DEPTHS = 10;
/** What the chart of savings shows: results of the shipped reader, and lengths. */
const SHOWN: readonly string[] = ['reader', 'foreign'];
const CHARTED: readonly number[] = [4096, 16384];
const NAMES: Readonly<Record<string, string>> = {
  dense: 'dense',
  pod: 'PoD',
  small: 'Small',
  smallest: 'Smallest',
  'streaming@small': 'sinks + window (StreamingLLM) at the memory of Small',
  'snapkv@small': 'eviction before the question (SnapKV-like) at the memory of Small',
  streaming: 'sinks + window (StreamingLLM)',
  snapkv: 'eviction before the question (SnapKV-like)',
  'snapkv-question': 'eviction by the question (SnapKV-like)',
};

const thousands = (length: number) => `${Math.round(length / 1024)}k`;
const isAbsent = (each: AnsweredQuestion) => each.kinds.includes('absent');
const unique = <Value>(values: readonly Value[]) => [...new Set(values)];

function main(): void {
  const written = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
  const files = written.filter((name) => !/^(curve|explore)-/.test(name));
  const explored = written.filter((name) => name.startsWith('explore-'));
  const all = files.map((name) => parseResults(readFileSync(join(FOLDER, name), 'utf8')));
  const parts = all.toSorted((a, b) => order(a) - order(b) || a.label.localeCompare(b.label)).map(describe);
  const introduction = existsSync(join(import.meta.dirname, 'introduction.md'))
    ? readFileSync(join(import.meta.dirname, 'introduction.md'), 'utf8')
    : '';
  writeFileSync(
    join(import.meta.dirname, 'REPORT.md'),
    `${introduction}\n${describeSavings(all)}${parts.join('\n')}${explored.map((name) => describeExploration(FOLDER, name)).join('')}${describeCurve()}`,
  );
}

/** Every plan that the shipped reader was asked under, by what it saves and how many it got right. */
function describeSavings(all: readonly Results[]): string {
  const series = all
    .filter(({ label }) => SHOWN.includes(label))
    .flatMap((results) =>
      unique(results.answered.map(({ length }) => length))
        .filter((length) => CHARTED.includes(length))
        .map((length) => ({
          name: `${results.label}, ${thousands(length)} tokens`,
          points: pointsOf(results, length),
        })),
    );
  if (series.length === 0) return '';
  writeFileSync(join(FOLDER, 'saving-against-score.svg'), drawSavingChart(series));
  return '![KV cache saved against exact answers](results/saving-against-score.svg)\n\n';
}

function pointsOf({ answered, plan, savings }: Results, length: number): Point[] {
  const policies = unique(answered.map(({ policy }) => policy)).filter((policy) => !policy.includes('@'));
  return policies.flatMap((policy) => {
    const present = cell(answered, policy, length).filter((each) => !isAbsent(each));
    if (present.length === 0) return [];
    const label = plan.plans.find(({ id }) => id === policy)?.label ?? policy;
    const score = present.filter(({ exact }) => exact).length / present.length;
    return [{ label, saving: savings[policy]?.[length] ?? 0, score }];
  });
}

function order({ label }: Results): number {
  return label === 'reader' ? 0 : 1;
}

function describe(results: Results): string {
  const { answered, label, plan, savings } = results;
  const lengths = unique(answered.map(({ length }) => length));
  const policies = unique(answered.map(({ policy }) => policy));
  const present = answered.filter((each) => !isAbsent(each));
  drawGrids(results, policies, lengths);
  return `## ${label}

Weights ${results.model}; ${plan.plans.map(describeNamed).join('; ')}.

![exact answers by depth and length](results/${label}.png)

### Exact answers, facts that are there

${table(
  ['', ...lengths.map(thousands)],
  [
    ...plan.plans.map(({ id, label }) => [
      `KV cache saved by ${label}`,
      ...lengths.map((length) => percent(savings[id]?.[length] ?? 0)),
    ]),
    ...policies.map((policy) => [
      NAMES[policy] ?? policy,
      ...lengths.map((length) => shareOf(cell(present, policy, length), ({ exact }) => exact)),
    ]),
  ],
)}

### Facts that are not there, refused

${table(
  ['', ...lengths.map(thousands)],
  rowsOf(policies, lengths, answered.filter(isAbsent), ({ refused }) => refused),
)}

### Facts that are there, refused all the same

${table(
  ['', ...lengths.map(thousands)],
  rowsOf(policies, lengths, present, ({ refused }) => refused),
)}

### A page that tells it among the evidence's three, of the right answers

${table(
  ['', ...lengths.map(thousands)],
  rowsOf(
    policies.filter((policy) => present.some((each) => each.policy === policy && each.pageFound !== null)),
    lengths,
    present.filter(({ exact }) => exact),
    ({ pageFound }) => pageFound === true,
  ),
)}

### By kind of question, all lengths

${kinds(policies, present)}
`;
}

/** Layer by layer; a layer whose heads are alike is one word. */
function describeUnits({ units }: NamedPlan): string {
  const rows = describePlan({ units }).map((line) => line.replace(/^\d+: /, '').split(' '));
  return rows.map((row) => (new Set(row).size === 1 ? row[0] : row.join(' '))).join(', ');
}

function describeNamed(plan: NamedPlan): string {
  return `plan ${plan.label} [${describeUnits(plan)}], ${plan.sinks} sinks, ${plan.recent} recent (${plan.found})`;
}

function cell(answered: readonly AnsweredQuestion[], policy: string, length: number): AnsweredQuestion[] {
  return answered.filter((each) => each.policy === policy && each.length === length);
}

function rowsOf(
  policies: readonly string[],
  lengths: readonly number[],
  answered: readonly AnsweredQuestion[],
  counts: (each: AnsweredQuestion) => boolean,
): string[][] {
  return policies.map((policy) => [
    NAMES[policy] ?? policy,
    ...lengths.map((length) => shareOf(cell(answered, policy, length), counts)),
  ]);
}

function kinds(policies: readonly string[], present: readonly AnsweredQuestion[]): string {
  const names = unique(present.flatMap((each) => each.kinds)).sort();
  return table(
    ['', ...policies.map((policy) => NAMES[policy] ?? policy)],
    names.map((name) => [
      name,
      ...policies.map((policy) =>
        shareOf(
          present.filter((each) => each.policy === policy && each.kinds.includes(name)),
          ({ exact }) => exact,
        ),
      ),
    ]),
  );
}

/** A share with its count, and its interval at 95 % where it rests on fewer than 200. */
function shareOf(answered: readonly AnsweredQuestion[], counts: (each: AnsweredQuestion) => boolean): string {
  if (answered.length === 0) return '–';
  const right = answered.filter(counts).length;
  const { low, high } = confidence(right, answered.length);
  const interval = answered.length < 200 ? `, ${Math.round(low * 100)}–${Math.round(high * 100)}` : '';
  return `${percent(right / answered.length)} (${right}/${answered.length}${interval})`;
}

function drawGrids({ answered, label }: Results, policies: readonly string[], lengths: readonly number[]): void {
  const depthOf = ({ depth }: AnsweredQuestion) => Math.min(DEPTHS - 1, Math.floor((depth ?? 0) * DEPTHS));
  const grids: Grid[] = policies.map((policy) => ({
    title: NAMES[policy] ?? policy,
    rows: Array.from({ length: DEPTHS }, (_, index) => `${index * 10}–${(index + 1) * 10} %`),
    columns: lengths.map(thousands),
    cells: Array.from({ length: DEPTHS }, (_, row) =>
      lengths.map((length) => {
        const group = cell(answered, policy, length).filter((each) => !isAbsent(each) && depthOf(each) === row);
        return group.length === 0 ? null : group.filter(({ exact }) => exact).length / group.length;
      }),
    ),
    format: (share) => String(Math.round(share * 100)),
  }));
  const axes = { rows: 'rows: depth of the fact in the document', columns: 'columns: tokens; exact answers in %' };
  writeFileSync(join(FOLDER, `${label}.png`), drawHeatMaps(grids, axes, Math.min(3, grids.length)));
}

function describeCurve(): string {
  const files = readdirSync(FOLDER).filter((name) => name.startsWith('curve') && name.endsWith('.json'));
  if (files.length === 0) return '';
  const rows = files.map((name) => {
    const { answered, label, model, plan, savings } = parseResults(readFileSync(join(FOLDER, name), 'utf8'));
    const [first] = plan.plans as [NamedPlan];
    const present = answered.filter((each) => !isAbsent(each) && each.policy === 'pod');
    const [length = 0] = unique(present.map((each) => each.length));
    return {
      label,
      model,
      plan: first,
      length,
      saving: savings[first.id]?.[length] ?? 0,
      score: shareOf(present, ({ exact }) => exact),
    };
  });
  return `
## Saving against score

${table(
  ['weights', 'plan', 'leaders', 'length', 'saving', 'exact answers'],
  rows
    .toSorted((a, b) => a.saving - b.saving || a.label.localeCompare(b.label))
    .map(({ model, plan, length, saving, score }) => [
      model,
      plan.found,
      describeUnits(plan),
      thousands(length),
      percent(saving),
      score,
    ]),
)}
`;
}

main();
