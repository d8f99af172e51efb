/** What came of asking a model that quotes: a table, how likely answers are right, and the same questions in PyTorch. */
import { readFileSync } from 'node:fs';
import { chanceOf, type Logistic } from '../../engine/passages/logistic.ts';
import { QUOTING_SIGNALS, type QuotingSignals } from '../../engine/quoting/judge.ts';
import { describeCurve, fitLogistic, type Rated } from './logistic.ts';

/** Share of a set's answerable questions that may be refused: others' texts are harder, and of theirs no more than three times that may be. */
const REFUSED = 0.05;
/** From this F1 on an answer counts as right where its probability is concerned. */
const RIGHT = 0.5;

/** A question as it was answered. */
export interface AskedQuestion {
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
  /** Whether a right page is among the three that stand closest: by words, by attention, by both together. */
  readonly pageShown: { readonly words: boolean; readonly attention: boolean; readonly both: boolean };
  readonly pages: number;
  readonly candidates: readonly { readonly sentence: string; readonly found: number; readonly refused: number }[];
}

/** Whether a probability may be fitted on an answer. */
export type Fitting = (each: AskedQuestion) => boolean;

export interface RatedQuestion extends Rated {
  readonly each: AskedQuestion;
}

export const plain = (text: string) => text.replace(/\s+/g, ' ').trim();
const percent = (share: number) => (100 * share).toFixed(1);
const mean = (numbers: readonly number[]) => numbers.reduce((sum, each) => sum + each, 0) / Math.max(1, numbers.length);
const share = (all: readonly AskedQuestion[], holds: (each: AskedQuestion) => boolean) =>
  mean(all.map((each) => (holds(each) ? 1 : 0)));
const rowOf = ({ signals }: AskedQuestion) => QUOTING_SIGNALS.map((name) => signals[name]);
const isRight = ({ f1 }: AskedQuestion) => f1 >= RIGHT;

/** The probability of each answer to be right, fitted on others: of the same sets on the other half of their documents. */
export function crossFitted(records: readonly AskedQuestion[], fittedOn: Fitting): RatedQuestion[] {
  const rate = (logistic: Logistic, each: AskedQuestion) => {
    return { each, probability: chanceOf(logistic, rowOf(each)), right: isRight(each) };
  };
  const own = records.filter(fittedOn);
  const halves = [0, 1].flatMap((rest) => {
    const logistic = fitted(own.filter(({ document }) => document % 2 !== rest));
    return own.filter(({ document }) => document % 2 === rest).map((each) => rate(logistic, each));
  });
  const whole = fitted(own);
  return [...halves, ...records.filter((each) => !fittedOn(each)).map((each) => rate(whole, each))];
}

export function fitted(records: readonly AskedQuestion[]): Logistic {
  return fitLogistic(records.map(rowOf), records.map(isRight));
}

/** The border beneath which at most REFUSED of any set's answerable questions lie. */
export function borderOf(rated: readonly RatedQuestion[]): number {
  const sets = [...new Set(rated.map(({ each }) => each.set))];
  const borders = sets.map((set) => {
    const answerable = rated.filter(({ each }) => each.set === set && each.wanted.length > 0);
    const sorted = answerable.map(({ probability }) => probability).sort((a, b) => a - b);
    return sorted[Math.floor(REFUSED * sorted.length)] ?? 1;
  });
  return Math.min(...borders);
}

export function reportSets(records: readonly AskedQuestion[]): void {
  process.stdout.write(
    '| set | tokens | answerable | F1 | exact | right sentence | among those read again | right page among three: words | attention | both | of pages | s a question | absent |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|\n',
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
      percent(share(asked, ({ pageShown }) => pageShown.words)),
      percent(share(asked, ({ pageShown }) => pageShown.attention)),
      percent(share(asked, ({ pageShown }) => pageShown.both)),
      Math.round(mean(asked.map(({ pages }) => pages))),
      mean(all.map(({ seconds }) => seconds)).toFixed(2),
      all.length - asked.length,
    ];
    process.stdout.write(`| ${cells.join(' | ')} |\n`);
  }
}

export function reportRefusals(records: readonly AskedQuestion[], fittedOn: Fitting): void {
  const rated = crossFitted(records, fittedOn);
  const apart = rated.filter(({ each }) => !fittedOn(each));
  process.stdout.write(`fitted on the other half:\n${describeCurve(rated.filter(({ each }) => fittedOn(each)))}`);
  if (apart.length > 0) process.stdout.write(`sets that it was not fitted on:\n${describeCurve(apart)}`);
  const border = borderOf(rated.filter(({ each }) => fittedOn(each)));
  process.stdout.write(`refused below ${border.toFixed(3)}:\n`);
  for (const set of [...new Set(records.map((each) => each.set)), 'all']) {
    const own = rated.filter(({ each }) => set === 'all' || each.set === set);
    const asked = own.filter(({ each }) => each.wanted.length > 0);
    const kept = (holds: (each: AskedQuestion) => number) =>
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
interface Chosen {
  readonly question: string;
  readonly sentence: string;
  readonly said: string;
  readonly f1: number;
  readonly exact: boolean;
}

/** path: what `evaluate_candidates.py --keep` wrote beside its records. */
export function reportBeside(asked: readonly AskedQuestion[], path: string): void {
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  const theirs = new Map(lines.map((line) => JSON.parse(line) as Chosen).map((each) => [each.question, each]));
  const both = asked.flatMap((each) => {
    const other = theirs.get(each.question);
    return other ? [{ each, other }] : [];
  });
  const answerable = both.filter(({ each }) => each.wanted.length > 0);
  const same = both.map(({ each, other }) => (plain(each.said) === plain(other.said) ? 1 : 0));
  const ours = (of: (each: AskedQuestion) => number) => percent(mean(answerable.map(({ each }) => of(each))));
  const other = (of: (each: Chosen) => number) => percent(mean(answerable.map((each) => of(each.other))));
  process.stdout.write(
    `beside PyTorch on ${answerable.length} answerable: F1 ${ours(({ f1 }) => f1)} (theirs ${other(({ f1 }) => f1)}), ` +
      `exact ${ours(({ exact }) => Number(exact))} (${other(({ exact }) => Number(exact))}); ` +
      `the same words in ${percent(mean(same))} of ${both.length}\n`,
  );
}
