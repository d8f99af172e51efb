/**
 * node build/eval/quoting.ts --cases FILE [--model DIR] [--records FILE] [--beside FILE] [--write FILE]: asks a model that quotes the questions
 * that `build/model/quoting/draw_cases.py` wrote, through the engine, and says how many it gets right, set by set; how likely an answer
 * is right is fitted on half of the documents and held against the other half. --beside: what `evaluate_candidates.py --keep` wrote of the
 * same questions; --write: where to put the fitted confidence for `export.py`; --together: all questions of a document in one conversation.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openModelFolder } from '../../engine/folders/node.ts';
import { Reading } from '../../engine/local/reading.ts';
import type { Turn } from '../../engine/model/chat-template.ts';
import { loadModel, type Model } from '../../engine/model/model.ts';
import { choosePolicy } from '../../engine/policy.ts';
import { QUOTING_SIGNALS, type QuotingSignals } from '../../engine/quoting/judge.ts';
import type { Quoted } from '../../engine/quoting/quoter.ts';
import { createCpuRuntime } from '../../engine/runtime/cpu.ts';
import { chanceOf, describeCurve, fitLogistic, type Logistic } from './logistic.ts';

const ROOT = join(import.meta.dirname, '../..');
const { values } = parseArgs({
  options: {
    cases: { type: 'string', multiple: true, default: [] },
    model: { type: 'string', default: join(ROOT, 'build/model/work/quoting-onnx') },
    policy: { type: 'string' },
    records: { type: 'string' },
    beside: { type: 'string' },
    write: { type: 'string' },
    sets: { type: 'string' },
    most: { type: 'string', default: '1000000' },
    together: { type: 'boolean', default: false },
  },
});
/** Share of the answerable questions that may be refused. */
const REFUSED = 0.15;
/** From this F1 on an answer counts as right where its probability is concerned. */
const RIGHT = 0.5;

interface Case {
  readonly set: string;
  readonly pages: readonly string[];
  readonly questions: readonly {
    readonly text: string;
    readonly answers: readonly string[];
    readonly holding: readonly string[];
  }[];
}

interface Record {
  readonly set: string;
  readonly document: number;
  readonly tokens: number;
  readonly question: string;
  readonly wanted: readonly string[];
  /** Before it is refused. */
  readonly said: string;
  readonly f1: number;
  readonly exact: boolean;
  readonly rightSentence: boolean;
  readonly amongRead: boolean;
  readonly signals: QuotingSignals;
  readonly seconds: number;
  /** Whether the page told is one on which the answer's sentence stands. */
  readonly rightPage: boolean;
  readonly candidates: readonly { readonly sentence: string; readonly found: number; readonly refused: number }[];
}

/** As SQuAD counts words. */
function normalised(text: string): string[] {
  const plain = text.toLowerCase().replace(/[!-/:-@[-`{-~]/g, '');
  return plain
    .replace(/\b(a|an|the)\b/g, ' ')
    .split(/\s+/)
    .filter(Boolean);
}

function overlap(said: string, wanted: string): number {
  const [own, right] = [normalised(said), normalised(wanted)];
  if (own.length === 0 || right.length === 0) return own.length === right.length ? 1 : 0;
  const left = [...right];
  let same = 0;
  for (const word of own) {
    const place = left.indexOf(word);
    if (place < 0) continue;
    left.splice(place, 1);
    same += 1;
  }
  return (2 * same) / (own.length + right.length);
}

const plain = (text: string) => text.replace(/\s+/g, ' ').trim();

async function ask(model: Model, each: Case, document: number): Promise<Record[]> {
  const pages = each.pages.map((text, index) => ({ number: index + 1, text: text.replace(/^\n+/, '') }));
  const policy = choosePolicy(model, { policy: values.policy });
  const reading = await Reading.open(model, policy, { pages }, { availableBytes: Infinity });
  const sentences = reading.tokens.sentences;
  const turns: Turn[] = [];
  const records: Record[] = [];
  for (const { text, answers, holding } of each.questions) {
    let quoted: Quoted | undefined;
    const onQuoted = (found: Quoted) => {
      quoted = found;
    };
    const answer = await reading.ask({ text, turns: values.together ? turns : [], maxTokens: 40 }, { onQuoted });
    turns.push({ question: text, answer: answer.answer });
    if (!quoted) continue;
    const textOf = (sentence: number) => plain(sentences[sentence]?.text ?? '');
    const holds = (sentence: string) =>
      holding.some((right) => plain(right).includes(sentence) || sentence.includes(plain(right)));
    const { text: said, sentence, signals, considered } = quoted;
    const place = answer.pages[0]?.page;
    records.push({
      set: each.set,
      document,
      tokens: reading.tokenCount,
      question: text,
      wanted: answers,
      said,
      f1: Math.max(0, ...answers.map((wanted) => overlap(said, wanted))),
      exact: answers.some((wanted) => normalised(said).join(' ') === normalised(wanted).join(' ')),
      rightSentence: holds(plain(sentence.text)),
      amongRead: considered.some((read) => holds(textOf(read.sentence))),
      signals,
      seconds: answer.seconds,
      rightPage: pages.some(({ number, text: page }) => number === place && plain(page).includes(plain(sentence.text))),
      candidates: considered.map((read) => {
        return { sentence: textOf(read.sentence), found: read.found, refused: read.refused };
      }),
    });
  }
  reading.close();
  return records;
}

const percent = (share: number) => (100 * share).toFixed(1);
const mean = (numbers: readonly number[]) => numbers.reduce((sum, each) => sum + each, 0) / Math.max(1, numbers.length);
const share = (all: readonly Record[], holds: (each: Record) => boolean) =>
  mean(all.map((each) => (holds(each) ? 1 : 0)));
const rowOf = ({ signals }: Record) => QUOTING_SIGNALS.map((name) => signals[name]);
const isRight = ({ f1 }: Record) => f1 >= RIGHT;

/** Fitted on the other half of the documents. */
function crossFitted(records: readonly Record[]): { each: Record; probability: number; right: boolean }[] {
  return [0, 1].flatMap((rest) => {
    const logistic = fitted(records.filter(({ document }) => document % 2 !== rest));
    const half = records.filter(({ document }) => document % 2 === rest);
    return half.map((each) => ({ each, probability: chanceOf(logistic, rowOf(each)), right: isRight(each) }));
  });
}

function fitted(records: readonly Record[]): Logistic {
  return fitLogistic(records.map(rowOf), records.map(isRight));
}

/** The border beneath which REFUSED of the answerable questions lie. */
function borderOf(rated: readonly { each: Record; probability: number }[]): number {
  const answerable = rated.filter(({ each }) => each.wanted.length > 0).map(({ probability }) => probability);
  return answerable.sort((a, b) => a - b)[Math.floor(REFUSED * answerable.length)] ?? 0;
}

function reportSets(records: readonly Record[]): void {
  process.stdout.write(
    '| set | tokens | answerable | F1 | exact | right sentence | among those read again | s a question | absent |\n|---|---|---|---|---|---|---|---|---|\n',
  );
  for (const set of [...new Set(records.map((each) => each.set)), 'all']) {
    const all = records.filter((each) => set === 'all' || each.set === set);
    const asked = all.filter(({ wanted }) => wanted.length > 0);
    const cells = [
      set,
      Math.round(mean(all.map(({ tokens }) => tokens))),
      asked.length,
      percent(mean(asked.map(({ f1 }) => f1))),
      percent(share(asked, ({ exact }) => exact)),
      percent(share(asked, ({ rightSentence }) => rightSentence)),
      percent(share(asked, ({ amongRead }) => amongRead)),
      mean(all.map(({ seconds }) => seconds)).toFixed(2),
      all.length - asked.length,
    ];
    process.stdout.write(`| ${cells.join(' | ')} |\n`);
  }
}

function reportRefusals(records: readonly Record[]): void {
  const rated = crossFitted(records);
  process.stdout.write(describeCurve(rated));
  const border = borderOf(rated);
  process.stdout.write(`refused below ${border.toFixed(3)}:\n`);
  for (const set of [...new Set(records.map((each) => each.set)), 'all']) {
    const own = rated.filter(({ each }) => set === 'all' || each.set === set);
    const asked = own.filter(({ each }) => each.wanted.length > 0);
    const kept = (holds: (each: Record) => number) =>
      mean(asked.map(({ each, probability }) => (probability >= border ? holds(each) : 0)));
    const below = (all: typeof own) => percent(mean(all.map(({ probability }) => (probability < border ? 1 : 0))));
    const absent = own.filter(({ each }) => each.wanted.length === 0);
    const figures = `F1 ${percent(kept(({ f1 }) => f1))} exact ${percent(kept(({ exact }) => (exact ? 1 : 0)))}`;
    process.stdout.write(
      `  ${set}: ${figures}, answerable refused ${below(asked)}, absent refused ${below(absent)} of ${absent.length}\n`,
    );
  }
}

/** What PyTorch chose, by `evaluate_candidates.judge` with "both" and "joint". */
interface Beside {
  readonly question: string;
  readonly wanted: readonly string[];
  readonly candidates: readonly {
    readonly sentence: string;
    readonly words: number;
    readonly occurs: number;
    readonly ranks: readonly number[];
    readonly once: {
      readonly joint: { readonly refused: number; readonly said: string; readonly f1: number; readonly exact: boolean };
    };
  }[];
  readonly telling: number;
}

function reportBeside(records: readonly Record[], path: string, most: number): void {
  const theirs = readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Beside);
  const known = new Map(theirs.map((each) => [each.question, each]));
  const both = records.flatMap((each) => {
    const other = known.get(each.question);
    if (!other) return [];
    const scored = other.candidates
      .filter(({ ranks }) => Math.min(...ranks.slice(0, 2)) < most)
      .map((candidate) => {
        const found = 0.5 * (candidate.words + candidate.occurs / Math.max(1, other.telling));
        const { joint } = candidate.once;
        return {
          ...joint,
          sentence: candidate.sentence,
          score: Math.log(1.003 - joint.refused) + 2 * Math.log(found + 0.02),
        };
      });
    const [best] = scored.sort((a, b) => b.score - a.score);
    return best ? [{ each, best }] : [];
  });
  const asked = both.filter(({ each }) => each.wanted.length > 0);
  const same = mean(both.map(({ each, best }) => (plain(each.said) === plain(best.said) ? 1 : 0)));
  const sentence = mean(
    both.map(({ each, best }) =>
      each.candidates.length > 0 && plain(best.said) !== '' && best.sentence.includes(plain(each.said)) ? 1 : 0,
    ),
  );
  process.stdout.write(
    `beside PyTorch on ${asked.length} answerable: F1 ${percent(mean(asked.map(({ each }) => each.f1)))} (theirs ${percent(mean(asked.map(({ best }) => best.f1)))}), ` +
      `exact ${percent(mean(asked.map(({ each }) => (each.exact ? 1 : 0))))} (${percent(mean(asked.map(({ best }) => (best.exact ? 1 : 0))))}); ` +
      `the same words in ${percent(same)} of ${both.length}, out of the same sentence in ${percent(sentence)}\n`,
  );
}

const folder = resolve(values.model);
const model = await loadModel(await openModelFolder(folder), createCpuRuntime(), { dataFolder: join(folder, 'onnx') });
if (!model.quoting) throw new Error(`${folder} does not quote`);
const cases = values.cases
  .flatMap((path) => readFileSync(path, 'utf8').split('\n').filter(Boolean))
  .map((line) => JSON.parse(line) as Case)
  .filter(({ set }) => !values.sets || values.sets.split(',').includes(set));
const records: Record[] = [];
const counts = new Map<string, number>();
for (const [index, each] of cases.entries()) {
  if ((counts.get(each.set) ?? 0) >= Number(values.most)) continue;
  records.push(...(await ask(model, each, index)));
  counts.set(each.set, (counts.get(each.set) ?? 0) + each.questions.length);
  process.stderr.write(`\r${index + 1} of ${cases.length} documents   `);
}
await model.decoder.close();
process.stderr.write('\n');
if (values.records) writeFileSync(values.records, records.map((each) => `${JSON.stringify(each)}\n`).join(''));
reportSets(records);
reportRefusals(records);
if (values.beside) reportBeside(records, values.beside, model.quoting.candidates.attention);
if (values.write) {
  const { bias, weights } = fitted(records);
  const named = Object.fromEntries(QUOTING_SIGNALS.map((name, place) => [name, weights[place] ?? 0]));
  const sets = [...new Set(records.map(({ set }) => set))].join(', ');
  const refuseBelow = Number(borderOf(crossFitted(records)).toFixed(3));
  const confidence = { fitted: `${records.length} answers: ${sets}`, bias, weights: named, refuseBelow };
  writeFileSync(values.write, `${JSON.stringify(confidence, undefined, 2)}\n`);
}
