/**
 * node build/eval/quoting.ts [--cases FILE] [--planted 1024,8192] [--sample] [--model DIR] [--records FILE] [--write FILE]: asks a model that
 * quotes, through the engine, and says how many it gets right, set by set; how likely an answer is right is fitted on half of the documents
 * and held against the other half.
 *
 * --cases: what `build/model/quoting/draw_cases.py` wrote; --planted: the reader's own facts at these lengths; --from: records of an
 * earlier run, in place of asking; --beside: what `evaluate_candidates.py --keep` wrote of the same questions; --write: where to put the
 * fitted confidence for `export.py`; --fit: the sets that it is fitted on, all where left out; --together: all questions of a document in one conversation.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { AnswerPage } from '../../engine/engine.ts';
import { openModelFolder } from '../../engine/folders/node.ts';
import { Reading } from '../../engine/local/reading.ts';
import type { Turn } from '../../engine/model/chat-template.ts';
import { loadModel, type Model } from '../../engine/model/model.ts';
import { closestPassages } from '../../engine/passages/closest-passages.ts';
import { WordSearch } from '../../engine/passages/word-search.ts';
import { choosePolicy } from '../../engine/policy.ts';
import { QUOTING_SIGNALS } from '../../engine/quoting/judge.ts';
import type { Quoted } from '../../engine/quoting/quoter.ts';
import { createCpuRuntime } from '../../engine/runtime/cpu.ts';
import { type Case, drawnCases, plantedCases, sampleCase } from './quoting-cases.ts';
import {
  type AskedQuestion,
  borderOf,
  crossFitted,
  fitted,
  plain,
  reportBeside,
  reportRefusals,
  reportSets,
} from './quoting-report.ts';
import { normalised, overlap } from './squad.ts';

const ROOT = join(import.meta.dirname, '../..');
const { values } = parseArgs({
  options: {
    cases: { type: 'string', multiple: true, default: [] },
    planted: { type: 'string', default: '' },
    sample: { type: 'boolean', default: false },
    model: { type: 'string', default: join(ROOT, 'build/model/work/quoting-onnx') },
    policy: { type: 'string' },
    records: { type: 'string' },
    from: { type: 'string', multiple: true, default: [] },
    beside: { type: 'string' },
    write: { type: 'string' },
    sets: { type: 'string' },
    fit: { type: 'string' },
    documents: { type: 'string', default: '6' },
    together: { type: 'boolean', default: false },
  },
});

type Page = { readonly number: number; readonly text: string };

/** Whether one of the right sentences stands on one of the pages. */
function shows(
  found: readonly { readonly page: number }[],
  pages: readonly Page[],
  holding: readonly string[],
): boolean {
  const texts = pages.filter(({ number }) => found.some(({ page }) => page === number)).map(({ text }) => plain(text));
  return texts.some((text) => holding.some((right) => text.includes(plain(right))));
}

function pagesShown(reading: Reading, search: WordSearch, { byAttention }: Quoted, question: string) {
  const attention = byAttention.map(({ start, text }): AnswerPage => {
    return { page: reading.tokens.pages.findLast((page) => page.start <= start)?.page ?? 0, share: 1, passage: text };
  });
  const words = search.find(question, attention.length + 1);
  return {
    words: closestPassages(words, []),
    attention: closestPassages([], attention),
    both: closestPassages(words, attention),
  };
}

async function ask(model: Model, each: Case, document: number): Promise<AskedQuestion[]> {
  const pages = each.pages.map((text, index) => ({ number: index + 1, text: text.replace(/^\n+/, '') }));
  const policy = choosePolicy(model, { policy: values.policy });
  const reading = await Reading.open(model, policy, { pages }, { availableBytes: Infinity });
  const search = new WordSearch(pages);
  const { sentences } = reading.tokens;
  const turns: Turn[] = [];
  const asked: AskedQuestion[] = [];
  for (const { text, answers, holding } of each.questions) {
    const found: Quoted[] = [];
    const options = { onQuoted: (quoted: Quoted) => void found.push(quoted) };
    const answer = await reading.ask({ text, turns: values.together ? [...turns] : [], maxTokens: 40 }, options);
    turns.push({ question: text, answer: answer.answer });
    const [quoted] = found;
    if (!quoted) continue;
    const shown = pagesShown(reading, search, quoted, text);
    const holds = (sentence: string) =>
      holding.some((right) => plain(right).includes(sentence) || sentence.includes(plain(right)));
    const candidates = quoted.considered.map((read) => {
      return { sentence: plain(sentences[read.sentence]?.text ?? ''), found: read.found, refused: read.refused };
    });
    const said = quoted.text;
    asked.push({
      set: each.set,
      document,
      tokens: reading.tokenCount,
      question: text,
      wanted: answers,
      said,
      f1: Math.max(0, ...answers.map((wanted) => overlap(said, wanted))),
      exact: answers.some((wanted) => normalised(said).join(' ') === normalised(wanted).join(' ')),
      rightSentence: holds(plain(quoted.sentence.text)),
      amongRead: candidates.some(({ sentence }) => holds(sentence)),
      signals: quoted.signals,
      seconds: answer.seconds,
      pages: pages.length,
      pageShown: {
        words: shows(shown.words, pages, holding),
        attention: shows(shown.attention, pages, holding),
        both: shows(shown.both, pages, holding),
      },
      candidates,
    });
  }
  reading.close();
  return asked;
}

function isWanted({ set }: { readonly set: string }): boolean {
  return !values.sets || values.sets.split(',').includes(set);
}

async function casesFor({ tokenizer }: Model): Promise<Case[]> {
  const lengths = values.planted.split(',').filter(Boolean).map(Number);
  const all = [
    ...values.cases.flatMap(drawnCases),
    ...lengths.flatMap((tokens) => plantedCases(tokenizer, tokens, Number(values.documents))),
    ...(values.sample ? [await sampleCase()] : []),
  ];
  return all.filter(isWanted);
}

async function askAll(): Promise<AskedQuestion[]> {
  const folder = resolve(values.model);
  const model = await loadModel(await openModelFolder(folder), createCpuRuntime(), {
    dataFolder: join(folder, 'onnx'),
  });
  if (!model.quoting) throw new Error(`${folder} does not quote`);
  const cases = await casesFor(model);
  const asked: AskedQuestion[] = [];
  for (const [index, each] of cases.entries()) {
    asked.push(...(await ask(model, each, index)));
    process.stderr.write(`\r${index + 1} of ${cases.length} documents   `);
    // A run may be stopped, and what was asked so far reported.
    if (values.records) writeFileSync(values.records, asked.map((one) => `${JSON.stringify(one)}\n`).join(''));
  }
  await model.decoder.close();
  process.stderr.write('\n');
  return asked;
}

function earlier(path: string): AskedQuestion[] {
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as AskedQuestion);
}

const fittedOn = ({ set }: AskedQuestion) => !values.fit || values.fit.split(',').includes(set);

function writeConfidence(path: string, all: readonly AskedQuestion[]): void {
  const asked = all.filter(fittedOn);
  const { bias, weights } = fitted(asked);
  const named = Object.fromEntries(QUOTING_SIGNALS.map((name, place) => [name, weights[place] ?? 0]));
  const sets = [...new Set(asked.map(({ set }) => set))].join(', ');
  const refuseBelow = Number(borderOf(crossFitted(asked, fittedOn)).toFixed(3));
  const confidence = { fitted: `${asked.length} answers: ${sets}`, bias, weights: named, refuseBelow };
  writeFileSync(path, `${JSON.stringify(confidence, undefined, 2)}\n`);
}

const asked = values.from.length > 0 ? values.from.flatMap(earlier).filter(isWanted) : await askAll();
reportSets(asked);
reportRefusals(asked, fittedOn);
if (values.beside) reportBeside(asked, values.beside);
if (values.write) writeConfidence(values.write, asked);
