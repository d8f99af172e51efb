/**
 * npm run eval: looks facts up in documents of 1k to 64k tokens through the engine, under dense, the model's cache plans, and
 * at the same memory the two known alternatives that drop tokens.
 *
 *     npm run eval [-- --lengths 1024,4096] [--documents 25,8] [--policies dense,pod] [--model DIR] [--plan FILE] [--label NAME] [--set needles|crowded|foreign]
 *
 * Every document's answers are kept in build/eval/work, so that a run can be stopped and taken up again. Writes
 * build/eval/results/LABEL.json; `npm run eval:report` makes the tables and pictures of all results.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CpuAttention } from '../../engine/backends/cpu/attention.ts';
import { CpuLayers } from '../../engine/backends/cpu/layers.ts';
import { type PlanFile, parsePlanFile } from '../../engine/cache/plan-file.ts';
import { openModelFolder } from '../../engine/folders/node.ts';
import { loadModel, type Model } from '../../engine/model/model.ts';
import { createCpuRuntime } from '../../engine/runtime/cpu.ts';
import type { Runtime } from '../../engine/runtime/runtime.ts';
import { WatchingAttention } from './baselines.ts';
import {
  createDocument,
  type EvaluationDocument,
  type QuestionFile,
  type Questions,
  readProse,
  readQuestions,
} from './documents.ts';
import { BASELINES, type Baseline, type OpenDocument, openBaseline, openReading, savingOf } from './policies.ts';
import type { AnsweredQuestion, Results } from './results.ts';

const ROOT = join(import.meta.dirname, '../..');
const SEED = 20261121;
const { values: options } = parseArgs({
  options: {
    lengths: { type: 'string', default: '1024,2048,4096,8192,16384,32768,63000' },
    documents: { type: 'string', default: '25' },
    policies: { type: 'string', default: 'dense,pod,streaming,snapkv' },
    model: { type: 'string', default: join(ROOT, 'assets/models/reader') },
    plan: { type: 'string' },
    label: { type: 'string', default: 'reader' },
    set: { type: 'string', default: 'needles' },
  },
});

interface Bench {
  readonly model: Model;
  readonly modelHash: string;
  readonly plan: PlanFile;
  readonly attention: WatchingAttention;
  readonly questions: QuestionFile;
  readonly prose: ReturnType<typeof readProse>;
}

async function main(): Promise<void> {
  const bench = await prepare(resolve(options.model));
  const answered: AnsweredQuestion[] = [];
  const counts = options.documents.split(',').map(Number);
  for (const [place, length] of options.lengths.split(',').map(Number).entries()) {
    for (const policy of options.policies.split(',')) {
      for (let index = 0; index < (counts[place] ?? counts.at(-1) ?? 0); index++) {
        answered.push(...(await answersOf(bench, policy, length, index)));
        report(answered, policy, length);
      }
      process.stderr.write('\n');
    }
  }
  await bench.model.decoder.close();
  const results: Results = {
    label: options.label,
    model: bench.modelHash,
    plan: bench.plan,
    savings: Object.fromEntries(bench.plan.plans.map(({ id }) => [id, savingsOf(bench, id)])),
    answered,
  };
  mkdirSync(join(import.meta.dirname, 'results'), { recursive: true });
  writeFileSync(join(import.meta.dirname, 'results', `${options.label}.json`), `${JSON.stringify(results)}\n`);
}

function savingsOf({ model, plan }: Bench, policy: string): Record<string, number> {
  const lengths = options.lengths.split(',');
  return Object.fromEntries(lengths.map((length) => [length, savingOf(model, policy, plan, Number(length))]));
}

async function prepare(folder: string): Promise<Bench> {
  const runtime = createCpuRuntime();
  const attention = new WatchingAttention(new CpuAttention(runtime));
  const watched: Runtime = {
    ...runtime,
    createLayers: (cut, tables) => new CpuLayers(cut.attention, tables, runtime, attention),
  };
  const model = await loadModel(await openModelFolder(folder), watched, { dataFolder: join(folder, 'onnx') });
  const plan = options.plan ? parsePlanFile(readFileSync(options.plan, 'utf8'), options.plan) : model.planFile;
  if (!plan) throw new Error(`${folder} has no pod.json; give --plan`);
  const modelHash = createHash('sha256')
    .update(readFileSync(join(folder, 'onnx/model.onnx')))
    .digest('hex')
    .slice(0, 12);
  return { model, modelHash, plan, attention, questions: readQuestions(), prose: readProse(model.tokenizer) };
}

/** The answers to one document's questions under one policy, from the folder of earlier runs where they are there. */
async function answersOf(bench: Bench, policy: string, length: number, index: number): Promise<AnsweredQuestion[]> {
  const plan = bench.plan.plans.find(({ id }) => id === planOf(policy)) ?? bench.plan.plans[0];
  const key = createHash('sha256')
    .update(JSON.stringify([policy === 'dense' ? '' : plan?.units, plan?.sinks, plan?.recent, SEED]))
    .digest('hex')
    .slice(0, 8);
  const folder = join(import.meta.dirname, 'work', bench.modelHash);
  const store = join(folder, `${options.set}-${policy}-${key}-${length}-${index}.json`);
  if (existsSync(store)) return JSON.parse(readFileSync(store, 'utf8')) as AnsweredQuestion[];
  const questions = bench.questions.sets[options.set] ?? [];
  const set = questions[index % questions.length];
  if (!set) throw new RangeError(`no document ${index} in ${options.set}`);
  const document = createDocument(bench.prose, set.facts, bench.model.tokenizer, length, SEED + index);
  const open = await openUnder(bench, policy, document);
  const answered = await askAll(open, set, document, { policy, length, absentAnswer: bench.questions.absentAnswer });
  open.close();
  mkdirSync(folder, { recursive: true });
  writeFileSync(store, JSON.stringify(answered));
  return answered;
}

/** A baseline may keep what a plan takes: `snapkv@small`; of the first plan where none is named. */
function planOf(policy: string): string | undefined {
  const [name = '', plan] = policy.split('@');
  return BASELINES.includes(name as Baseline) ? plan : name;
}

function openUnder(bench: Bench, policy: string, document: EvaluationDocument): Promise<OpenDocument> {
  const [baseline] = policy.split('@');
  if (!BASELINES.includes(baseline as Baseline)) return openReading(bench.model, policy, bench.plan, document);
  const same = { policy: planOf(policy) ?? bench.plan.plans[0]?.id ?? 'dense', planFile: bench.plan };
  return openBaseline(bench.model, baseline as Baseline, document, same, bench.attention);
}

async function askAll(
  open: OpenDocument,
  set: Questions,
  document: EvaluationDocument,
  { policy, length, absentAnswer }: { policy: string; length: number; absentAnswer: string },
): Promise<AnsweredQuestion[]> {
  const answered: AnsweredQuestion[] = [];
  for (const [index, fact] of set.facts.entries()) {
    const { answer, pages } = await open.ask(fact.question);
    const place = document.places[index];
    const right = fact.kinds.includes('corrected') ? place?.pages.slice(-1) : place?.pages;
    answered.push({
      policy,
      length,
      kinds: [...fact.kinds, `value: ${fact.value}`],
      depth: place?.depth ?? 0,
      exact: answer === fact.answer,
      refused: answer === absentAnswer,
      pageFound: pages.length > 0 ? pages.some((page) => right?.includes(page)) : null,
      ...(answer === fact.answer ? {} : { question: fact.question, wanted: fact.answer, said: answer }),
    });
  }
  for (const question of set.absent) {
    const { answer } = await open.ask(question);
    const exact = answer === absentAnswer;
    answered.push({
      policy,
      length,
      kinds: ['absent'],
      depth: null,
      exact,
      refused: exact,
      pageFound: null,
      ...(exact ? {} : { question, wanted: absentAnswer, said: answer }),
    });
  }
  return answered;
}

function report(answered: readonly AnsweredQuestion[], policy: string, length: number): void {
  const cell = answered.filter((each) => each.policy === policy && each.length === length);
  const count = (absent: boolean) => {
    const group = cell.filter((each) => each.kinds.includes('absent') === absent);
    return `${group.filter((each) => each.exact).length}/${group.length}`;
  };
  process.stderr.write(`\r${policy} ${length}: present ${count(false)}, absent ${count(true)}   `);
}

await main();
