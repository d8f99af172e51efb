/** Evaluation documents: facts stand where the harness says, nothing of them is known from training, counts are honest. */
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createDocument, readQuestions } from '../../../build/eval/documents.ts';
import { confidence } from '../../../build/eval/results.ts';
import { openModelFolder } from '../../../engine/folders/node.ts';
import { readTokenizer } from '../../../engine/model/tokenizer.ts';
import { ROOT } from '../../integration/command.ts';

const tokenizer = await readTokenizer(await openModelFolder(`${ROOT}/assets/models/reader`), 8192);
const questions = readQuestions();
const prose = Array.from({ length: 400 }, (_, index) => {
  const text = `Nothing happened on day ${index}, and nobody minded. `;
  return { text, tokens: tokenizer.encodeText(` ${text.trim()}`).length };
});
const sets = Object.values(questions.sets).flat();
const facts = questions.sets.crowded?.[0]?.facts ?? [];

describe('an evaluation document', () => {
  it('has the length that was asked for and every sentence on its page', () => {
    for (const length of [1024, 4096]) {
      const document = createDocument(prose, facts, tokenizer, length, 5);
      const whole = document.pages.map(({ text }) => text).join('\n');
      expect(Math.abs(tokenizer.encodeText(whole).length / length - 1)).toBeLessThan(0.1);
      for (const [index, fact] of facts.entries()) {
        const place = document.places[index];
        expect(place?.pages).toHaveLength(fact.sentences.length);
        for (const [at, sentence] of fact.sentences.entries()) {
          const page = place?.pages[at] ?? 0;
          expect(document.pages[page - 1]?.text).toContain(sentence);
        }
      }
    }
  });

  it('spreads its facts over all depths', () => {
    const depths = createDocument(prose, facts, tokenizer, 4096, 6).places.map(({ depth }) => depth);
    for (let tenth = 0; tenth < 10; tenth++)
      expect(depths.some((depth) => depth >= tenth / 10 && depth < (tenth + 1) / 10)).toBe(true);
  });

  it('is the same for the same seed', () => {
    const make = (seed: number) => createDocument(prose, facts, tokenizer, 2048, seed);
    expect(make(1)).toEqual(make(1));
    expect(make(1)).not.toEqual(make(2));
  });
});

describe('the questions', () => {
  const { needles = [], crowded = [], foreign = [] } = readQuestions().sets;
  const own = [...needles, ...crowded];

  it('ask for values that training leaves out', () => {
    // build/model/names.py gives an eighth of all values to evaluation, by this hash; people go by their surname.
    for (const fact of own.flatMap((document) => document.facts)) {
      const value = fact.value === 'person' ? (fact.answer.split(' ').at(-1) ?? '') : fact.answer;
      expect(crc32(value) % 8).toBe(0);
    }
  });

  it('ask 200 times for names and values that no generator of this project makes, and for what is told nowhere', () => {
    const all = foreign.flatMap((document) => document.facts);
    expect(all).toHaveLength(200);
    expect(new Set(all.map(({ value }) => value))).toEqual(
      new Set(['foreign name', 'random letters', 'serial number']),
    );
    // Letters that English does not have, as training has none.
    expect(all.filter(({ sentences }) => /[^\p{ASCII}]/u.test(sentences.join(' '))).length).toBeGreaterThan(50);
    for (const { facts: stated, absent } of foreign)
      for (const question of absent) expect(stated.map((fact) => fact.question)).not.toContain(question);
  });

  it('have a document that states each value, and some that state none', () => {
    for (const { facts: stated, absent } of sets) {
      for (const { sentences, answer } of stated) expect(sentences.at(-1)).toContain(answer);
      expect(absent.length / (absent.length + stated.length)).toBeGreaterThanOrEqual(0.15);
    }
  });
});

it('gives the interval of Wilson for a share', () => {
  // Brown, Cai and DasGupta (2001): 0 of 10 gives 0–0.278.
  expect(confidence(0, 10).low).toBeCloseTo(0, 5);
  expect(confidence(0, 10).high).toBeCloseTo(0.278, 2);
  expect(confidence(50, 100).low).toBeCloseTo(0.404, 2);
});
