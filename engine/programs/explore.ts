/**
 * `npm run explore -- --document FILE...`: finds a cache plan for a model on the reader's own documents, with the engine itself, and
 * says what it costs. Keeps the plan and pictures in the data folder. Stopped, it goes on where it stood when it is called again.
 */

import { rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { describePlan } from '../cache/plan.ts';
import {
  checkPlans,
  EXPLORED,
  type ExplorableModel,
  type Exploration,
  findPlan,
  loadExplorable,
  type NamedText,
  USUAL_DELTA,
} from '../explore/find-plan.ts';
import type { PlanCost } from '../explore/plan-cost.ts';
import { describeChange, type Found } from '../explore/search.ts';
import { openKnownCosts } from '../folders/known-costs.ts';
import { openModelFolder } from '../folders/node.ts';
import { DATA_FOLDER, PlanStore, readPlans, writePlan } from '../folders/plan-store.ts';
import { readDocumentFile } from '../hosts/document-reader.ts';
import { createCpuRuntime } from '../runtime/cpu.ts';
import { startProgress } from './ask/progress.ts';
import { reportFailure } from './report-failure.ts';

const BUILT_IN_MODEL = join(import.meta.dirname, '../../assets/models/reader');

type Kept = Awaited<ReturnType<PlanStore['keep']>>;

interface Options {
  readonly model: string;
  readonly document: readonly string[];
  readonly delta?: number;
  readonly saving?: number;
  readonly data: string;
  readonly out?: string;
  readonly check?: string;
  readonly json: boolean;
}

const controller = new AbortController();
process.once('SIGINT', () => controller.abort());

async function explore(options: Options): Promise<void> {
  const folder = resolve(options.model);
  const store = new PlanStore(join(resolve(options.data), 'plans'));
  const explorable = await loadExplorable(await openModelFolder(folder), createCpuRuntime(), join(folder, 'onnx'));
  const progress = startProgress('Trying plans', 'plans');
  const told = {
    signal: controller.signal,
    onProgress: (done: number, total: number) => progress.update(done, total),
  };
  try {
    const texts = await readTexts(options.document);
    const started = performance.now();
    if (options.check) return await check(options.check, explorable, texts, told);
    const goal = { delta: options.delta, saving: options.saving };
    const stem = options.out && resolve(options.out).replace(/\.json$/, '');
    // An exploration that is stopped goes on from there.
    const measured = stem ? `${stem}.measured` : await store.measured(folder);
    const exploration = await findPlan(explorable, texts, { goal, known: openKnownCosts(measured), ...told });
    progress.stop();
    const kept = stem ? await writePlan(stem, exploration, exploration.plan) : await store.keep(folder, exploration);
    rmSync(measured, { force: true });
    report(options, exploration, kept, (performance.now() - started) / 1000);
  } finally {
    progress.stop();
    await explorable.model.decoder.close();
  }
}

/** Prints the file with what its plans cost. */
async function check(
  path: string,
  explorable: ExplorableModel,
  texts: readonly NamedText[],
  told: Parameters<typeof checkPlans>[3],
): Promise<void> {
  const checked = await checkPlans(explorable, texts, await readPlans(path), told);
  process.stdout.write(`${JSON.stringify(checked, null, 2)}\n`);
}

function readTexts(files: readonly string[]): Promise<NamedText[]> {
  return Promise.all(
    files.map(async (file) => {
      const { pages } = await readDocumentFile(file, { signal: controller.signal });
      return { name: basename(file), text: pages.map(({ text }) => text).join('\n') };
    }),
  );
}

function report(
  { json, out }: Options,
  { plan, found, similarity }: Exploration,
  { target, picture }: Kept,
  seconds: number,
): void {
  const { chosen, alone, steps } = found;
  const dense = (steps[0] ?? chosen).cost;
  if (json) {
    const check = { dense, plan: chosen.cost };
    const curve = steps.map(({ saving, cost }) => ({ saving, ...cost }));
    process.stdout.write(
      `${JSON.stringify({ plan, saving: chosen.saving, similarity, alone, check, curve, seconds, target, picture }, null, 2)}\n`,
    );
    return;
  }
  process.stdout.write(
    `Looked for ${Math.ceil(seconds / 60)} min.\n${lines(found, dense, { target, picture }, out).join('\n')}\n`,
  );
}

function lines({ chosen, alone, steps }: Found, dense: PlanCost, { target, picture }: Kept, out?: string): string[] {
  const told = (cost: PlanCost) =>
    `loss ${cost.loss.toFixed(3)}, perplexity ${cost.perplexity.toFixed(2)}, planted facts ${cost.found} of ${cost.planted}`;
  const percent = (share: number) => `${(share * 100).toFixed(1).padStart(5)} %`;
  return [
    'What a change costs alone on the first document (nats), and saves of a long document’s KV cache:',
    ...alone.map(
      ({ change, loss, saving }) => `  ${loss.toFixed(3).padStart(7)}  ${percent(saving)}  ${describeChange(change)}`,
    ),
    '',
    'Saved of it, change after change, and what that costs:',
    ...steps.map(({ saving, cost }) => `  ${percent(saving)}: ${told(cost)}`),
    '',
    `Chosen: ${percent(chosen.saving).trim()} saved. Its units, layer by layer:`,
    ...describePlan(chosen.plan).map((line) => `  ${line}`),
    `  dense: ${told(dense)}`,
    `  plan:  ${told(chosen.cost)}`,
    'The model was not trained under this plan: these figures are all that speaks for it.',
    `Kept in ${target}; pictures beside it, ${picture}.`,
    `Try it: npm run ask -- FILE "QUESTION" ${out ? `--plan ${target}` : `--policy ${EXPLORED}`} --compare`,
  ];
}

const within = (least: number, most: number) => (text: string) => {
  const value = Number(text);
  if (Number.isNaN(value) || value < least || value > most)
    throw new InvalidArgumentError(`Give a number from ${least} to ${most}.`);
  return value;
};

const command = new Command('npm run explore --')
  .description('Finds what a model can do without in its cache, on your own documents, and what that costs.')
  .requiredOption('--document <file...>', 'documents to measure on; a few pages of each are read')
  .option('--model <folder>', 'the model', BUILT_IN_MODEL)
  .option('--delta <nats>', `loss that may be added; ${USUAL_DELTA} when left out`, within(0, 10))
  .option(
    '--saving <percent>',
    'save at least so much of a long document’s cache instead',
    (text) => within(0, 97)(text) / 100,
  )
  .option('--data <folder>', 'where plans are kept, and found again', DATA_FOLDER)
  .option('--out <file>', 'where the plan goes instead')
  .option('--check <file>', 'look for nothing: print the plans of a file with what they cost')
  .option('--json', 'print JSON', false);

try {
  await explore(command.parse().opts<Options>());
} catch (cause) {
  reportFailure(cause);
}
