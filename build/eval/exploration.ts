/** Stage 1 as tables and pictures: what `build/model/explore.py` found out about a model's layers. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawHeatMaps } from './heat-map.ts';
import { percent, table } from './markdown.ts';

interface Cost {
  /** Of answer tokens on held-out documents, nats. */
  readonly loss: number;
  /** Share of answer tokens predicted right. */
  readonly right: number;
}

interface Exploration {
  readonly step: number;
  /** [KV heads][layers][layers], 0–1. */
  readonly similarity: readonly (readonly (readonly number[])[])[];
  readonly dense: Cost;
  /** When this layer alone follows the one before it. */
  readonly alone: readonly Cost[];
  /** `count`: leaders, in layers; a half where heads lead by themselves. */
  readonly plans: readonly (Cost & {
    found: string;
    leaders: readonly (number | readonly number[])[];
    count: number;
  })[];
}

/** The section of the report for explore-NAME.json; draws NAME's similarity beside it. */
export function describeExploration(folder: string, file: string): string {
  const found = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Exploration;
  const name = file.replace(/\.json$/, '');
  const layers = found.alone.map((_, layer) => `layer ${layer}`);
  const grids = found.similarity.map((cells, head) => ({
    title: `similarity over distant tokens, KV head ${head}`,
    rows: layers,
    columns: layers.map((_, layer) => String(layer)),
    cells,
    format: (share: number) => share.toFixed(2),
  }));
  writeFileSync(join(folder, `${name}.png`), drawHeatMaps(grids, { rows: '', columns: '1 − JSD / ln 2' }, 2));
  const saving = (count: number) => percent(0.5 * (1 - count / layers.length));
  return `
## Exploring ${name.replace(/^explore-/, '')} (step ${found.step})

![similarity of layers](results/${name}.png)

Dense: loss ${found.dense.loss.toFixed(3)}, ${percent(found.dense.right)} of answer tokens right.

${table(
  ['this layer alone follows', ...layers.slice(1)],
  [
    ['loss', ...found.alone.slice(1).map(({ loss }) => loss.toFixed(3))],
    ['answer tokens right', ...found.alone.slice(1).map(({ right }) => percent(right))],
  ],
)}

${table(
  ['leaders, in layers', 'saving, long documents', 'found by', 'plan', 'loss', 'answer tokens right'],
  summarised(found.plans).map(({ count, found: by, plan, loss, right }) => [
    String(count),
    saving(count),
    by,
    plan,
    loss.toFixed(3),
    percent(right),
  ]),
)}
`;
}

/** One row a way of finding; random plans as their mean. */
function summarised(plans: Exploration['plans']) {
  const keys = [...new Set(plans.map(({ count, found }) => `${count}|${found}`))];
  return keys.map((key) => {
    const same = plans.filter(({ count, found }) => `${count}|${found}` === key);
    const mean = (pick: (plan: Cost) => number) => same.reduce((sum, plan) => sum + pick(plan), 0) / same.length;
    const [first] = same;
    return {
      count: first?.count ?? 0,
      found: first?.found ?? '',
      plan: same.length === 1 ? JSON.stringify(first?.leaders) : `mean of ${same.length}`,
      loss: mean(({ loss }) => loss),
      right: mean(({ right }) => right),
    };
  });
}
