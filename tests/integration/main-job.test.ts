/** The main job as a user runs it: the real engine, the built-in reader, the sample PDF. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { totalBytes } from '../../engine/cache/memory.ts';
import type { Report } from '../../engine/programs/ask/report.ts';
import { ask, type Outcome, ROOT, SAMPLE, temporaryFolder } from './command.ts';

interface PlantedFact {
  question: string;
  answer: string;
  statement: string;
}

const facts: PlantedFact[] = JSON.parse(readFileSync(join(ROOT, 'build/sample/facts.json'), 'utf8'));
const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

function report(outcome: Outcome): Report {
  expect(outcome.stderr).toBe('');
  expect(outcome.code).toBe(0);
  expect(outcome.stdout.trim().split('\n')).toHaveLength(1);
  return JSON.parse(outcome.stdout);
}

describe('asking the sample', () => {
  let result: Report;
  beforeAll(async () => {
    const questions = facts.flatMap((fact) => ['--question', fact.question]);
    result = report(await ask([SAMPLE, ...questions, '--json', '--threads', '1']));
  });

  it('reads the whole of it', () => {
    expect(result.document.pages).toBeGreaterThanOrEqual(100);
    expect(result.document).toMatchObject({ pagesRead: result.document.pages, warnings: [] });
    expect(result.document.tokens).toBeGreaterThan(35_000);
    expect(result.prefill.tokens).toBe(result.document.tokens);
    expect(result.runtime).toMatch(/^cpu \(\d+ threads\)$/);
  });

  it('answers what the README asks, with the page it stands on', async () => {
    const [fact] = facts.filter((each) => each.answer === README_ANSWER);
    const answer = result.answers.find((each) => each.question === fact?.question);
    expect(answer?.answer).toBe(README_ANSWER);
    const pages = answer?.pages.map((page) => page.page) ?? [];
    expect(pages).toContain(await pageOf(fact?.statement ?? ''));
    expect(pages.length).toBeLessThanOrEqual(3);
    expect(answer?.pages[0]?.passage.length).toBeGreaterThan(20);
  });

  it('answers as many of the planted facts as its card says', () => {
    const right = facts.filter((fact, index) => result.answers[index]?.answer === fact.answer);
    expect(right.length).toBeGreaterThanOrEqual(LEAST_RIGHT);
  });

  it('keeps at least 35 % of the KV cache free, and says what takes the rest', () => {
    const { bytes, denseBytes, saving, parts } = result.kv;
    expect(saving).toBeGreaterThanOrEqual(0.35);
    expect(saving).toBeCloseTo(1 - bytes / denseBytes, 12);
    expect(totalBytes(parts)).toBe(bytes);
    // Whichever plan that is: it costs nothing.
    expect(['adapted', 'as good as dense']).toContain(result.plan.standing);
  });
});

const README_ANSWER = '48213';
const LEAST_RIGHT = 8;

async function pageOf(statement: string): Promise<number> {
  const { readDocumentFile } = await import('../../engine/hosts/document-reader.ts');
  const document = await readDocumentFile(SAMPLE);
  const tail = statement.slice(-24);
  return document.pages.find((page) => page.text.includes(tail))?.number ?? 0;
}

describe('the command line', () => {
  it('reads a page range only, and says what it left out', async () => {
    const result = report(
      await ask([SAMPLE, 'What is the opening date of Wendover Library?', '--pages', '2-6', '--json']),
    );
    expect(result.document).toMatchObject({ pagesRead: 5, pageRange: { first: 2, last: 6 } });
    expect(result.document.warnings).toEqual([
      expect.stringMatching(/^\d+ of \d+ pages were left out, as --pages asked\.$/),
    ]);
    expect(result.answers[0]?.pages.every(({ page }) => page >= 2 && page <= 6)).toBe(true);
  });

  it('puts dense and the plan side by side', async () => {
    const outcome = await ask([SAMPLE, facts[0]?.question ?? '', '--pages', '1-9', '--compare']);
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toMatch(/dense\s+(PoD|Small)/);
    expect(outcome.stdout).toMatch(/KV cache\s+\d+\.\d MiB\s+\d+\.\d MiB \(−\d+\.\d %\)/);
    expect(outcome.stdout).toMatch(/same text\s+(yes|no)/);
  });

  it('answers several questions in one reading, the same as when each is asked alone first', async () => {
    const path = join(folder, 'note.txt');
    const filler = 'The rain went on all day, and the road to the village was deep in mud. ';
    writeFileSync(path, `${filler.repeat(20)}\n\nThe access code of Marsh Hall is 4471.\n\n${filler.repeat(20)}`);
    const question = 'What is the access code of Marsh Hall?';
    const alone = report(await ask([path, question, '--json']));
    const first = report(await ask([path, question, '--question', 'What is the birthday of Anna Bell?', '--json']));
    expect(first.answers).toHaveLength(2);
    expect(first.answers[0]?.answer).toBe(alone.answers[0]?.answer);
    expect(first.answers[0]?.pages).toEqual(alone.answers[0]?.pages);
  });

  it('gives the same sampled answer for the same seed, and another one without', async () => {
    const args = [
      SAMPLE,
      facts[0]?.question ?? '',
      '--pages',
      '1-3',
      '--temperature',
      '3',
      '--max-tokens',
      '12',
      '--json',
    ];
    const answers = await Promise.all(
      ['1', '1', '2'].map(async (seed) => report(await ask([...args, '--seed', seed])).answers[0]?.answer),
    );
    expect(answers[0]).toBe(answers[1]);
    expect(answers[0]).not.toBe(answers[2]);
    const unseeded = await Promise.all([1, 2].map(async () => report(await ask(args)).answers[0]?.answer));
    expect(unseeded[0]).not.toBe(unseeded[1]);
  });

  it('stops cleanly at Ctrl-C while reading', async () => {
    const outcome = await ask([SAMPLE, facts[0]?.question ?? ''], 10_000);
    expect(outcome.code).toBe(130);
    expect(outcome.stdout).toBe('');
    expect(outcome.stderr.trim()).toMatch(/^The work was cancelled\. .*\[cancelled\]$/);
  });

  it('prints help', async () => {
    const outcome = await ask(['--help']);
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toContain('--policy');
  });
});
