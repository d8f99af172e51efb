/** Documents with questions for a model that quotes: what `draw_cases.py` wrote, the reader's own planted facts, and the sample. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readDocument } from '../../engine/documents/read-document.ts';
import type { Tokenizer } from '../../engine/model/tokenizer.ts';
import { createDocument, readProse, readQuestions } from './documents.ts';

export interface Case {
  readonly set: string;
  readonly pages: readonly string[];
  readonly questions: readonly {
    readonly text: string;
    /** None where the document does not say. */
    readonly answers: readonly string[];
    /** Sentences that hold one. */
    readonly holding: readonly string[];
  }[];
}

const ROOT = join(import.meta.dirname, '../..');
const SAMPLE = join(ROOT, 'assets/samples/katrine-papers.pdf');
const SEED = 20261121;

export function drawnCases(path: string): Case[] {
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Case);
}

/** Planted facts of `questions.json`, some documents of each set. */
export function plantedCases(tokenizer: Tokenizer, tokens: number, documents: number): Case[] {
  const prose = readProse(tokenizer);
  const { sets } = readQuestions();
  return Object.entries(sets).flatMap(([name, all]) =>
    all.slice(0, documents).map((each, index): Case => {
      const { pages } = createDocument(prose, each.facts, tokenizer, tokens, SEED + index);
      const asked = each.facts.map(({ question, answer, sentences }) => {
        return { text: question, answers: [answer], holding: sentences.slice(-1) };
      });
      const absent = each.absent.map((text) => ({ text, answers: [], holding: [] }));
      return { set: `${name} ${tokens}`, pages: pages.map(({ text }) => text), questions: [...asked, ...absent] };
    }),
  );
}

export async function sampleCase(): Promise<Case> {
  const { pages } = await readDocument(readFileSync(SAMPLE), 'katrine-papers.pdf');
  const facts = JSON.parse(readFileSync(join(ROOT, 'build/sample/facts.json'), 'utf8')) as {
    readonly statement: string;
    readonly question: string;
    readonly answer: string;
  }[];
  const questions = facts.map(({ statement, question, answer }) => {
    return { text: question, answers: [answer], holding: [statement] };
  });
  return { set: 'sample', pages: pages.map(({ text }) => text), questions };
}
