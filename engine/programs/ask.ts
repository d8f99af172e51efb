/** The terminal front: `npm run ask -- FILE "QUESTION"`. Answers on stdout, progress and errors on stderr. */
import { join } from 'node:path';
import type { PlanFile } from '../cache/plan-file.ts';
import { type Document, type Progress, withLeftOut } from '../documents/document.ts';
import type { Answer, PlanId } from '../engine.ts';
import { failureOf, ProximaError } from '../errors.ts';
import { openModelFolder } from '../folders/node.ts';
import { PlanStore, readPlans } from '../folders/plan-store.ts';
import { readDocumentFile } from '../hosts/document-reader.ts';
import { Reading } from '../local/reading.ts';
import type { Turn } from '../model/chat-template.ts';
import { loadModel, type Model } from '../model/model.ts';
import { usualPlanOf } from '../plan-choice.ts';
import { choosePolicy, type Policy, plansOf, withExplored } from '../policy.ts';
import { chooseRuntime } from '../runtime/choose-runtime.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { splitThinking } from '../thinking.ts';
import { noteWords } from '../words/note-words.ts';
import { sentencesFor } from '../words/words.ts';
import { type CommandLine, parseCommandLine } from './ask/options.ts';
import { startProgress } from './ask/progress.ts';
import { createReport, type DocumentFacts, formatComparison, formatReport, type Report } from './ask/report.ts';
import { reportFailure } from './report-failure.ts';

const BUILT_IN_MODEL = join(import.meta.dirname, '../../assets/models/reader');

async function main(): Promise<void> {
  const line = parseCommandLine(process.argv.slice(2), BUILT_IN_MODEL);
  if (!line) return;
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort());
  const whole = await readWithProgress(line, controller.signal);
  const pages = choosePages(whole, line.pages);
  const runtime = await chooseRuntime(line.runtime, line.threads);
  const model = await loadWithPlans(line, runtime);
  try {
    const given = line.plan ? await readPlans(line.plan) : undefined;
    const run = (policy: PlanId | undefined) => {
      const chosen = choosePolicy(model, { policy, planFile: given, sinks: line.sinks, recent: line.recent });
      return answerUnder(chosen, line, model, runtime, whole, pages, controller.signal);
    };
    if (line.compare) printComparison(line, await run('dense'), await run(line.policy ?? comparedWith(model, given)));
    else print(line, await run(line.policy));
  } finally {
    await model.decoder.close();
  }
}

/** What dense is compared with where nobody said: the usual plan, and where that is dense itself the smallest that there is. */
function comparedWith(model: Model, given: PlanFile | undefined): PlanId | undefined {
  if (given) return given.plans[0]?.id;
  const plans = plansOf(model);
  const usual = usualPlanOf(plans);
  return usual === 'dense' ? plans.at(-1)?.id : usual;
}

async function readWithProgress(line: CommandLine, signal: AbortSignal): Promise<Document> {
  const progress = startStages();
  try {
    const document = await readDocumentFile(line.file, {
      password: line.password,
      recognition: { language: line.language, mostPages: mostPages(line.recognise) },
      signal,
      onProgress: progress.update,
    });
    requireText(document);
    return line.putBack ? { ...document, pages: withLeftOut(document) } : document;
  } finally {
    progress.stop();
  }
}

/** Few scans are recognised without being asked for, many only when they are. */
function mostPages(recognise: boolean | undefined): number | undefined {
  return recognise === undefined ? undefined : recognise ? Number.POSITIVE_INFINITY : 0;
}

const STAGES = { reading: 'Opening', looking: 'Looking for scans', recognising: 'Recognising' } as const;

/** A line of progress for each stage of opening. */
function startStages(): { update: (progress: Progress) => void; stop: () => void } {
  let stage: Progress['stage'] | undefined;
  let line: ReturnType<typeof startProgress> | undefined;
  return {
    update: (progress) => {
      if (progress.stage !== stage) {
        line?.stop();
        stage = progress.stage;
        line = startProgress(STAGES[stage], 'pages');
      }
      line?.update(progress.done, progress.total);
    },
    stop: () => line?.stop(),
  };
}

/** Throws `recognition-needed` for a document that is nothing but scans. */
function requireText(document: Document): void {
  const offered = document.notes.find((note) => note.code === 'recognition-offered');
  if (offered && document.pages.every(({ text }) => text === '')) {
    throw new ProximaError('recognition-needed', { pages: offered.pages.length, seconds: offered.seconds });
  }
}

/** Throws `page-range-invalid` for pages that the document does not have. */
function choosePages(document: Document, range: CommandLine['pages']): Document['pages'] {
  if (!range) return document.pages;
  if (range.last > document.pages.length) {
    throw new ProximaError('page-range-invalid', { ...range, pages: document.pages.length });
  }
  return document.pages.slice(range.first - 1, range.last);
}

async function answerUnder(
  policy: Policy,
  line: CommandLine,
  model: Model,
  runtime: Runtime,
  document: Document,
  pages: Document['pages'],
  signal: AbortSignal,
): Promise<Report> {
  const progress = startProgress('Reading', 'tokens');
  const options = {
    availableBytes: line.memory === undefined ? runtime.availableBytes() : line.memory * 2 ** 20,
    signal,
    onProgress: ({ done, total }: { done: number; total: number }) => progress.update(done, total),
  };
  const reading = await Reading.open(model, policy, { pages }, options).finally(() => progress.stop());
  try {
    const answers = await askAll(reading, line, signal);
    return createReport(runtime.name, reading, answers, {
      pages: document.pages.length,
      pagesRead: pages.length,
      pageRange: { first: pages[0]?.number ?? 0, last: pages.at(-1)?.number ?? 0 },
      warnings: [...document.notes.map((note) => noteWords(note, 'terminal')), ...unread(document, pages)],
      ...factsOf(document, line.putBack),
    });
  } finally {
    reading.close();
  }
}

/** One question after the other: in one conversation, or each by itself. */
async function askAll(reading: Reading, line: CommandLine, signal: AbortSignal): Promise<Answer[]> {
  const { temperature, topK, topP, repetitionPenalty, seed, maxTokens } = line;
  const sampling = { temperature, topK, topP, repetitionPenalty, seed };
  const answers: Answer[] = [];
  for (const text of line.questions) {
    const turns = line.separate ? [] : answers.map(turnOf);
    answers.push(await reading.ask({ text, turns, maxTokens, sampling }, { signal }));
  }
  return answers;
}

function turnOf({ question, answer }: Answer): Turn {
  return { question, answer: splitThinking(answer).answer };
}

/** What the app shows as the document's details. */
function factsOf({ title, outline, leftOut, pages }: Document, putBack: boolean): DocumentFacts {
  return {
    title: title ?? null,
    outline,
    leftOut,
    putBack,
    recognised: pages.flatMap(({ number: page, recognised }) =>
      recognised ? [{ page, confidence: recognised.confidence }] : [],
    ),
    labels: pages.flatMap(({ number: page, label }) => (label === undefined ? [] : [{ page, label }])),
  };
}

function unread(document: Document, pages: Document['pages']): string[] {
  const left = document.pages.length - pages.length;
  return left === 0 ? [] : [`${left} of ${document.pages.length} pages were left out, as --pages asked.`];
}

/** A plan that was explored and can't be used is told of, and left out. */
async function loadWithPlans(line: CommandLine, runtime: Runtime): Promise<Model> {
  const note = (cause: unknown) =>
    void process.stderr.write(`Note: what was explored is left out. ${sentencesFor(failureOf(cause), 'terminal')}\n`);
  const model = await loadModel(await openModelFolder(line.model), runtime, { dataFolder: join(line.model, 'onnx') });
  const explored = await new PlanStore(join(line.data, 'plans')).find(line.model).catch(note);
  return withExplored(model, explored ?? undefined, note);
}

function print(line: CommandLine, report: Report): void {
  process.stdout.write(`${line.json ? JSON.stringify(report) : formatReport(report)}\n`);
}

function printComparison(line: CommandLine, dense: Report, pod: Report): void {
  process.stdout.write(`${line.json ? JSON.stringify({ dense, pod }) : formatComparison(dense, pod)}\n`);
}

await main().catch(reportFailure);
