/**
 * Reads the tables of a model: each is computed once by running the part of the graph that makes it, be it a plain weight, nodes
 * fed by weights alone, or an If that chooses by the text's length.
 */

import { ProximaError } from '../errors.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { GraphHints } from './config.ts';
import { type CutModel, rotaryCaches } from './cut.ts';
import { GraphPart } from './graph-part.ts';
import { type OnnxModel, type OnnxNode, producersOf } from './onnx.ts';
import type { Table } from './table.ts';

/** Longer texts than this are not asked about: a choice that is made later makes no difference. */
const LONGEST = 1 << 20;

/** The rotary caches of a model as [positions, half], and the q/k norm weights of its attention nodes. */
export async function readTables(
  cut: CutModel,
  runtime: Runtime,
  dataFolder: string | undefined,
  hints: GraphHints = {},
): Promise<Map<string, Table>> {
  return readNamed(cut, tableNames(cut), runtime, dataFolder, hints);
}

/** Names of the tables that nodes make, where others are weights. */
export function computedTables(cut: CutModel): string[] {
  return tableNames(cut).filter((name) => !cut.model.initializers.has(name));
}

/** Rejects where `readTables` would; of plain weights only the sizes are looked at. withComputed: whether what makes the others can be run. */
export async function checkTables(
  cut: CutModel,
  runtime: Runtime,
  dataFolder: string | undefined,
  hints: GraphHints,
  withComputed: boolean,
): Promise<void> {
  for (const name of rotaryCaches(cut)) {
    const weight = cut.model.initializers.get(name);
    if (weight) borderOf(name, weight.dimensions[0] ?? 0, hints);
  }
  if (withComputed) await readNamed(cut, computedTables(cut), runtime, dataFolder, hints);
}

function tableNames(cut: CutModel): string[] {
  const norms = cut.attention.flatMap(({ norm }) => (norm ? [norm.queryWeight, norm.keyWeight] : []));
  return [...new Set([...rotaryCaches(cut), ...norms])];
}

async function readNamed(
  cut: CutModel,
  names: readonly string[],
  runtime: Runtime,
  dataFolder: string | undefined,
  hints: GraphHints,
): Promise<Map<string, Table>> {
  if (names.length === 0) return new Map();
  const rotaries = new Set(rotaryCaches(cut));
  const longest = await longestBrief(cut.model, names, runtime, dataFolder);
  const part = await GraphPart.open(cut.model, names, runtime, dataFolder);
  const [first, long] = [await part.run(), longest === undefined ? undefined : await part.run(ofLength(longest + 1))];
  await part.close();
  return new Map(
    [...first].map(([name, { data, dimensions }]) => {
      const width = dimensions.at(-1) ?? 0;
      const whole = long?.get(name)?.data ?? data;
      const brief = longest !== undefined && !same(data, whole) ? { data, upTo: longest } : undefined;
      const table = { data: whole, width, brief };
      return [name, rotaries.has(name) ? apart(name, table, hints) : table];
    }),
  );
}

/** A table of two parts as what it is. */
function apart(name: string, table: Table, hints: GraphHints): Table {
  const { data, width, brief } = table;
  const border = brief ? undefined : borderOf(name, data.length / width, hints);
  if (border === undefined) return table;
  const start = border * width;
  return { data: data.subarray(start), width, brief: { data: data.subarray(0, start), upTo: border } };
}

/**
 * LongRoPE of graphs without control flow (builder option `enable_webgpu_graph`): the rows for short texts and behind them those for
 * long ones, in one table. Only its length tells that, and the config, where the second part begins. Undefined: the table is one.
 */
function borderOf(name: string, rows: number, { contextTokens, shortContextTokens }: GraphHints): number | undefined {
  if (contextTokens === undefined || shortContextTokens === undefined || rows <= contextTokens) return undefined;
  if (rows === contextTokens + shortContextTokens) return shortContextTokens;
  throw new ProximaError('model-unsupported', { feature: 'rotary cache', table: name, rows });
}

const ofLength = (tokens: number) => ({ rows: tokens, total: tokens });

function same(one: Float32Array, other: Float32Array): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}

/** The length of the longest text for which a choice falls out as it does for one token; undefined where it always does. */
async function longestBrief(
  model: OnnxModel,
  names: readonly string[],
  runtime: Runtime,
  dataFolder: string | undefined,
): Promise<number | undefined> {
  const conditions = choicesFor(model, names).flatMap(({ inputs }) => inputs.slice(0, 1));
  if (conditions.length === 0) return undefined;
  const part = await GraphPart.open(model, conditions, runtime, dataFolder);
  const falls = async (tokens: number) => [...(await part.run(ofLength(tokens))).values()].map(({ data }) => data[0]);
  const early = String(await falls(1));
  const isEarly = async (tokens: number) => String(await falls(tokens)) === early;
  let [low, high] = [1, 2];
  while (high <= LONGEST && (await isEarly(high))) [low, high] = [high, 2 * high];
  while (high <= LONGEST && high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (await isEarly(middle)) low = middle;
    else high = middle;
  }
  await part.close();
  return high > LONGEST ? undefined : low;
}

/** The nodes with subgraphs that some of the tensors come from. */
function choicesFor(model: OnnxModel, names: readonly string[]): OnnxNode[] {
  const producers = producersOf(model);
  const found = new Set<OnnxNode>();
  const seen = new Set<string>();
  const visit = (name: string): void => {
    const node = producers.get(name);
    if (!node || seen.has(name)) return;
    seen.add(name);
    if (node.operator === 'If') found.add(node);
    for (const input of node.inputs) visit(input);
  };
  for (const name of names) visit(name);
  return [...found];
}
