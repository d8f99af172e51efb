/** Writes the nodes that make rotary tables, and those that tell how long a text is. */
import { encodeBranch } from '../model/onnx-writer.ts';
import type { GraphWriter } from './graph-writer.ts';
import type { Rotary, RotaryPlan } from './rotary.ts';

/** Names of a table's cosines and sines. */
export type Tables = readonly [cosine: string, sine: string];

export interface RotaryTables {
  readonly main: Tables;
  readonly local: Tables | undefined;
}

/** Tokens of a text, those before the new ones included. base: of the nodes' names. */
export function writeTextLength(graph: GraphWriter, base: string): string {
  const shape = graph.node('Shape', ['attention_mask'], `${base}/Shape/output_0`);
  return graph.node('Gather', [shape, graph.integers(`${base}/index`, [1], [])], `${base}/Gather/output_0`, {
    axis: 0,
  });
}

/** positions: rows of the tables. Where long texts are turned otherwise, an If chooses, as exporters write it. */
export function writeRotaryTables(
  graph: GraphWriter,
  { main, long, local }: RotaryPlan,
  positions: number,
): RotaryTables {
  const locals = local ? writeTables(graph, '_local', local, positions) : undefined;
  if (!long) return { main: writeTables(graph, '', main, positions), local: locals };
  const small = writeTables(graph, '_small', main, long.border);
  const large = writeTables(graph, '_large', long.rotary, positions);
  const base = '/model/rope_caches_subgraph';
  const border = graph.integers(`${base}/border`, [long.border], []);
  const longer = graph.node('Greater', [writeTextLength(graph, base), border], `${base}/Greater/output_0`);
  const names: Tables = ['cos_cache', 'sin_cache'];
  graph.node('If', [longer], names, { then_branch: branch(large, '_then'), else_branch: branch(small, '_else') });
  return { main: names, local: locals };
}

function branch([cosine, sine]: Tables, suffix: string): { readonly graph: Uint8Array } {
  const handed = [
    { name: `cos${suffix}`, from: cosine },
    { name: `sin${suffix}`, from: sine },
  ];
  return { graph: encodeBranch(handed) };
}

/** Computed when the model is loaded, not stored: a table of 131,072 positions would take as much as the layers it serves. */
function writeTables(
  graph: GraphWriter,
  suffix: string,
  { frequencies, magnitude }: Rotary,
  positions: number,
): Tables {
  const base = `/model/rotary${suffix}`;
  const limits = Object.entries({ start: 0, limit: positions, step: 1 });
  const range = limits.map(([name, value]) => graph.floats(`rotary${suffix}_${name}`, value));
  const places = graph.node('Range', range, `${base}/Range/output_0`);
  const column = graph.node('Unsqueeze', [places, graph.integers('rotary_axis', [1])], `${base}/Unsqueeze/output_0`);
  const row = graph.floats(`rotary${suffix}_frequencies`, frequencies, [1, frequencies.length]);
  const angles = graph.node('Mul', [column, row], `${base}/Mul/output_0`);
  const table = (operator: 'Cos' | 'Sin', name: string) => {
    if (magnitude === 1) return graph.node(operator, [angles], name);
    const plain = graph.node(operator, [angles], `${base}/${operator}/output_0`);
    return graph.node('Mul', [plain, graph.floats(`rotary${suffix}_magnitude`, magnitude)], name);
  };
  return [table('Cos', `cos_cache${suffix}`), table('Sin', `sin_cache${suffix}`)];
}
