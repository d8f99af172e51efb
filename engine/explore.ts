/**
 * `npm run explore -- --document FILE...`: finds a sharing plan for a model on the reader's own documents, with the engine itself, and
 * says what it costs. Writes the plan and a picture beside the model.
 */
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { CpuAttention } from './attention/cpu.ts';
import { densePlan, type PlanFile, parsePlanFile } from './cache/sharing-plan.ts';
import { startProgress } from './cli/progress.ts';
import { cacheShape } from './engine.ts';
import { ProximaError } from './errors.ts';
import { AttentionProbe } from './explore/attention-probe.ts';
import { drawSimilarity } from './explore/heat-map.ts';
import { measureCost, type PlanCost, PROBE_PROXIMITY } from './explore/plan-cost.ts';
import { createProbeText, type ProbeText } from './explore/probe-text.ts';
import { type Found, type SearchGoal, type SearchSpace, searchPlan } from './explore/search.ts';
import { measureSimilarity } from './explore/similarity.ts';
import { keyMeanings } from './model/attention-node.ts';
import { CpuLayers } from './model/cpu-layers.ts';
import { loadModel, type Model } from './model/model.ts';
import { createCpuRuntime } from './runtime/cpu.ts';
import { readDocumentFile } from './runtime/document-reader.ts';
import { openModelFolder } from './runtime/folder-node.ts';

const BUILT_IN_MODEL = join(import.meta.dirname, '../assets/models/reader');
const USUAL_DELTA = 0.1;
const SIMILARITY = { queries: 32, sinks: PROBE_PROXIMITY.sinks, recent: PROBE_PROXIMITY.recent };
/** The window that plans are used with; the search's own is shorter, as its texts are. */
const SINKS = 16;
const RECENT = 256;
const INTERRUPTED = 130;

interface Options {
  readonly model: string;
  readonly document: readonly string[];
  readonly delta?: number;
  readonly saving?: number;
  readonly out?: string;
  readonly json: boolean;
}

const controller = new AbortController();
process.once('SIGINT', () => controller.abort());

async function explore(options: Options): Promise<void> {
  const runtime = createCpuRuntime();
  const probe = new AttentionProbe(new CpuAttention(runtime));
  const listening = {
    ...runtime,
    createLayers: (cut: Model['decoder']['cut'], tables: ConstructorParameters<typeof CpuLayers>[1]) =>
      new CpuLayers(cut.attention, tables, runtime, probe),
  };
  const folder = resolve(options.model);
  const model = await loadModel(await openModelFolder(folder), listening, { dataFolder: join(folder, 'onnx') });
  try {
    const texts = await readTexts(model, options.document);
    const similarity = await similarityOf(model, probe, texts);
    const goal: SearchGoal = { delta: options.delta ?? USUAL_DELTA, saving: options.saving };
    const found = await search(model, texts, goal);
    await report(options, folder, similarity, found);
  } finally {
    await model.decoder.close();
  }
}

async function readTexts(model: Model, files: readonly string[]): Promise<ProbeText[]> {
  const texts: ProbeText[] = [];
  for (const file of files) {
    const { pages } = await readDocumentFile(file, { signal: controller.signal });
    texts.push(createProbeText(model, pages.map(({ text }) => text).join('\n'), basename(file)));
  }
  return texts;
}

async function similarityOf(model: Model, probe: AttentionProbe, [text]: readonly ProbeText[]): Promise<number[][][]> {
  const { attention } = model.decoder.cut;
  const plan = densePlan(attention.length, attention[0]?.keyValueHeads ?? 0);
  const cache = model.decoder.createCache(cacheShape(model, { plan, proximity: PROBE_PROXIMITY }));
  try {
    return await measureSimilarity(model.decoder, cache, probe, text?.ids ?? [], SIMILARITY);
  } finally {
    cache.clear();
  }
}

async function search(model: Model, texts: readonly ProbeText[], goal: SearchGoal): Promise<Found> {
  const { attention } = model.decoder.cut;
  const space: SearchSpace = {
    layers: attention.length,
    heads: attention[0]?.keyValueHeads ?? 0,
    meanings: keyMeanings(attention),
    windows: attention.map(({ window }) => window),
  };
  const progress = startProgress('Trying plans', 'plans');
  try {
    const cost = (plan: Parameters<typeof measureCost>[1]) =>
      measureCost(model.decoder, plan, texts, controller.signal);
    return await searchPlan(space, goal, cost, (done, total) => progress.update(done, total));
  } finally {
    progress.stop();
  }
}

/** A plan that a model was trained under is never written over. */
function targetFor({ out }: Options, folder: string): string {
  if (out) return resolve(out);
  const own = join(folder, 'pod.json');
  const adapted = existsSync(own) && parsePlanFile(readFileSync(own, 'utf8'), 'pod.json').adapted;
  return adapted ? join(folder, 'pod.explored.json') : own;
}

async function report(options: Options, folder: string, similarity: number[][][], found: Found): Promise<void> {
  const { chosen, alone, steps } = found;
  const dense = (steps[0] as Found['chosen']).cost;
  const target = targetFor(options, folder);
  const plan: PlanFile = {
    version: 1,
    leaders: chosen.plan.leaders.map((row) => [...row]),
    sinks: SINKS,
    recent: RECENT,
    adapted: false,
    found: `explored on ${options.document.map((file) => basename(file)).join(', ')}; not adapted`,
  };
  await writeFile(target, `${JSON.stringify(plan, null, 2)}\n`);
  const picture = `${target.replace(/\.json$/, '')}.svg`;
  await writeFile(picture, drawSimilarity(similarity));
  const check = { dense, plan: chosen.cost };
  if (options.json) {
    const curve = steps.map(({ saving, cost }) => ({ saving, ...cost }));
    process.stdout.write(
      `${JSON.stringify({ plan, saving: chosen.saving, similarity, alone, check, curve, target, picture }, null, 2)}\n`,
    );
    return;
  }
  process.stdout.write(`${lines(found, dense, target, picture).join('\n')}\n`);
}

function lines({ chosen, alone, steps }: Found, dense: PlanCost, target: string, picture: string): string[] {
  const told = (cost: PlanCost) =>
    `loss ${cost.loss.toFixed(3)}, perplexity ${cost.perplexity.toFixed(2)}, planted facts ${cost.found} of ${cost.planted}`;
  const percent = (share: number) => `${(share * 100).toFixed(1).padStart(5)} %`;
  return [
    'What it costs when a KV head of a layer follows alone (nats):',
    ...alone.map((row, layer) => `  layer ${layer}: ${row.map((loss) => loss.toFixed(3)).join('  ')}`),
    '',
    'Saved of a long document’s KV cache, and what that costs:',
    ...steps.map(({ saving, cost }) => `  ${percent(saving)}: ${told(cost)}`),
    '',
    `Chosen: ${percent(chosen.saving).trim()} saved. Leaders: ${JSON.stringify(chosen.plan.leaders)}`,
    `  dense: ${told(dense)}`,
    `  plan:  ${told(chosen.cost)}`,
    'The model was not trained under this plan: these figures are all that speaks for it.',
    `Written to ${target} and ${picture}. Try it: npm run ask -- FILE "QUESTION" --plan ${target} --compare`,
  ];
}

const within = (least: number, most: number) => (text: string) => {
  const value = Number(text);
  if (Number.isNaN(value) || value < least || value > most)
    throw new InvalidArgumentError(`Give a number from ${least} to ${most}.`);
  return value;
};

const command = new Command('npm run explore --')
  .description('Finds which layers of a model may share keys, on your own documents, and what that costs.')
  .requiredOption('--document <file...>', 'documents to measure on; a few pages of each are read')
  .option('--model <folder>', 'the model', BUILT_IN_MODEL)
  .option('--delta <nats>', `loss that may be added; ${USUAL_DELTA} when left out`, within(0, 10))
  .option('--saving <percent>', 'save so much of a long document’s cache instead', (text) => within(0, 50)(text) / 100)
  .option('--out <file>', 'where the plan goes; beside the model when left out')
  .option('--json', 'print JSON', false);

try {
  await explore(command.parse().opts<Options>());
} catch (cause) {
  if (!(cause instanceof ProximaError)) throw cause;
  process.stderr.write(`${cause.message} ${cause.wayOut} [${cause.code}]\n`);
  process.exitCode = cause.code === 'cancelled' ? INTERRUPTED : 1;
}
