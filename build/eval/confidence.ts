/**
 * node build/eval/confidence.ts [--model DIR] [--documents 60] [--write]: asks people's questions and planted facts, fits how likely an
 * answer is right on half of them, and says on the other half how well that holds. --write puts confidence.json beside the model.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import type { Page } from '../../engine/documents/document.ts';
import { openModelFolder } from '../../engine/folders/node.ts';
import { greedy, seededRandom } from '../../engine/generate/sampling.ts';
import { Reading } from '../../engine/local/reading.ts';
import { loadModel, type Model } from '../../engine/model/model.ts';
import {
  type AnswerSignals,
  bounded,
  type Calibration,
  probabilityRight,
  SIGNALS,
  SURE_ENOUGH,
} from '../../engine/passages/confidence.ts';
import { choosePolicy } from '../../engine/policy.ts';
import { isRefusal } from '../../engine/refusal.ts';
import { createCpuRuntime } from '../../engine/runtime/cpu.ts';
import { createDocument, readProse, readQuestions } from './documents.ts';
import { describeCurve, fitLogistic } from './logistic.ts';

const ROOT = join(import.meta.dirname, '../..');
const WORK = join(import.meta.dirname, 'work');
const { values } = parseArgs({
  options: {
    model: { type: 'string', default: join(ROOT, 'assets/models/reader') },
    documents: { type: 'string', default: '60' },
    folder: { type: 'string', default: join(ROOT, '../shared/questions') },
    write: { type: 'boolean', default: false },
  },
});
const MAX_TOKENS = 40;
/** Wikipedia paragraphs a document: about 1,000 tokens. */
const PARAGRAPHS = 5;
const FACT_LENGTHS = [1024, 2048];

interface Asked {
  readonly pages: readonly Page[];
  readonly questions: readonly { readonly text: string; readonly answers: readonly string[] }[];
}

interface Sample {
  readonly set: string;
  readonly document: number;
  readonly question: string;
  readonly answer: string;
  readonly refused: boolean;
  readonly right: boolean;
  readonly signals: AnswerSignals;
}

interface Context {
  readonly context: string;
  readonly questions: readonly { readonly question: string; readonly answers: readonly { readonly text: string }[] }[];
}

function humanDocuments(count: number): Asked[] {
  const lines = gunzipSync(readFileSync(join(values.folder, 'wikipedia.jsonl.gz')))
    .toString('utf8')
    .split('\n');
  const contexts = lines.filter(Boolean).map((line) => JSON.parse(line) as Context);
  const random = seededRandom(1);
  return Array.from({ length: count }, () => {
    const chosen = Array.from(
      { length: PARAGRAPHS },
      () => contexts[Math.floor(random() * contexts.length)] as Context,
    );
    return {
      pages: chosen.map(({ context }, index) => ({ number: index + 1, text: context })),
      questions: chosen.flatMap(({ questions }) =>
        questions
          .slice(0, 2)
          .map(({ question, answers }) => ({ text: question, answers: answers.map(({ text }) => text) })),
      ),
    };
  });
}

function plantedDocuments({ tokenizer }: Model, count: number): Asked[] {
  const prose = readProse(tokenizer);
  const file = readQuestions();
  return Array.from({ length: count }, (_, index) => {
    const sets = file.sets.needles ?? [];
    const set = sets[index % sets.length];
    if (!set) throw new RangeError('there are no planted facts');
    const { pages } = createDocument(prose, set.facts, tokenizer, FACT_LENGTHS[index % 2] ?? 1024, 77 + index);
    const present = set.facts.map(({ question, answer }) => ({ text: question, answers: [answer] }));
    return { pages, questions: [...present, ...set.absent.map((text) => ({ text, answers: [file.absentAnswer] }))] };
  });
}

const wordsOf = (text: string) =>
  text
    .toLowerCase()
    .replace(/\b(?:a|an|the)\b/g, ' ')
    .match(/[\p{L}\p{N}]+/gu) ?? [];

/** The measure of SQuAD (Rajpurkar et al. 2016): the words that two answers share. */
function overlapOf(said: string, wanted: string): number {
  const [left, right] = [wordsOf(said), wordsOf(wanted)];
  const unused = [...right];
  const shared = left.filter((word) => {
    const place = unused.indexOf(word);
    if (place >= 0) unused.splice(place, 1);
    return place >= 0;
  }).length;
  return shared === 0 ? 0 : (2 * shared) / (left.length + right.length);
}

async function samplesOf(model: Model, set: string, documents: readonly Asked[]): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const [index, { pages, questions }] of documents.entries()) {
    const reading = await Reading.open(model, choosePolicy(model), { pages }, { availableBytes: Infinity });
    for (const { text, answers } of questions) {
      let signals: AnswerSignals | undefined;
      const asked = { text, turns: [], maxTokens: MAX_TOKENS, sampling: greedy };
      const { answer } = await reading.ask(asked, {
        onSignals: (each) => {
          signals = each;
        },
      });
      const right = answers.some((wanted) => overlapOf(answer, wanted) >= 0.5);
      if (signals)
        samples.push({ set, document: index, question: text, answer, refused: isRefusal(answer), right, signals });
    }
    reading.close();
    process.stderr.write(`\r${set} ${index + 1} of ${documents.length}   `);
  }
  process.stderr.write('\n');
  return samples;
}

function fitCalibration(samples: readonly Sample[], fitted: string): Calibration {
  const rows = samples.map(({ signals }) => SIGNALS.map((name) => bounded(signals[name])));
  const { bias, weights } = fitLogistic(
    rows,
    samples.map(({ right }) => right),
  );
  const named = Object.fromEntries(SIGNALS.map((name, place) => [name, weights[place] ?? 0]));
  return { version: 1, fitted, bias, weights: named as Calibration['weights'] };
}

function report(calibration: Calibration, samples: readonly Sample[]): void {
  const rated = samples.map((each) => ({ ...each, probability: probabilityRight(calibration, each.signals) }));
  process.stdout.write(describeCurve(rated));
  for (const set of new Set(rated.map((each) => each.set))) {
    const own = rated.filter((each) => each.set === set);
    const sure = own.filter(({ probability }) => probability >= SURE_ENOUGH);
    const right = (all: typeof own) => `${all.filter((each) => each.right).length} of ${all.length} right`;
    process.stdout.write(`${set}: answered ${right(own)}; said without doubt ${right(sure)}\n`);
  }
}

async function collect(model: Model): Promise<Sample[]> {
  const store = join(WORK, `confidence-${model.name}.json`);
  if (existsSync(store)) return JSON.parse(readFileSync(store, 'utf8')) as Sample[];
  const count = Number(values.documents);
  const samples = [
    ...(await samplesOf(model, 'people', humanDocuments(count))),
    ...(await samplesOf(model, 'planted', plantedDocuments(model, count))),
  ];
  mkdirSync(WORK, { recursive: true });
  writeFileSync(store, JSON.stringify(samples));
  return samples;
}

const folder = resolve(values.model);
const model = await loadModel(await openModelFolder(folder), createCpuRuntime(), { dataFolder: join(folder, 'onnx') });
const samples = await collect(model);
await model.decoder.close();
const answered = samples.filter(({ refused }) => !refused);
process.stdout.write(`${samples.length} asked, ${answered.length} answered\n`);
const fitted = `${answered.length} answers to planted facts and to people's questions about Wikipedia`;
const half = (rest: number) => answered.filter(({ document }) => document % 2 === rest);
report(fitCalibration(half(0), fitted), half(1));
const calibration = fitCalibration(answered, fitted);
process.stdout.write(`${JSON.stringify(calibration)}\n`);
if (values.write) writeFileSync(join(folder, 'confidence.json'), `${JSON.stringify(calibration, undefined, 2)}\n`);
