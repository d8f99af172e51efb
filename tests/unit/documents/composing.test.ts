/** However pages are laid out, every piece of text is kept or listed as left out. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { withLeftOut } from '../../../engine/documents/document.ts';
import { type Run, toSegments } from '../../../engine/documents/layout/runs.ts';
import { composePages } from '../../../engine/documents/pdf/compose-pages.ts';
import type { PageContent } from '../../../engine/documents/pdf/page-content.ts';

const { PROXIMA_RUNS = 300, PROXIMA_SEED } = process.env;
const RUNS = { numRuns: Number(PROXIMA_RUNS), ...(PROXIMA_SEED ? { seed: Number(PROXIMA_SEED) } : {}) };
const WORDS = ['rent', 'toll', 'Total', 'due', 'Page', 'VAT', 'harbour', 'of', '7', '12', '3,400.00', 'iv', '•'];
const text = fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 6 }).map((words) => words.join(' '));
/** On a grid, so that rows, columns and tables come about; sizes differ, and some text stands on its side. */
const piece = fc.record({
  text,
  column: fc.integer({ min: 0, max: 4 }),
  row: fc.integer({ min: 0, max: 25 }),
  height: fc.constantFrom(8, 10, 18),
  turned: fc.integer({ min: 0, max: 19 }),
});
const page = fc.record({
  pieces: fc.array(piece, { maxLength: 30 }),
  comments: fc.array(text, { maxLength: 2 }),
});

function contentOf({ pieces, comments }: typeof page extends fc.Arbitrary<infer Value> ? Value : never, index: number) {
  // What an author repeats on every page stands at its edges.
  const edges = [
    { text: 'Report of the survey', column: 0, row: -3, height: 10, turned: 1 },
    { text: `Page ${index + 1}`, column: 2, row: 29, height: 10, turned: 1 },
  ];
  const runs = [...edges, ...pieces].map((each, order): Run & { turned: boolean } => ({
    text: each.text,
    x: 50 + each.column * 110,
    y: 100 + each.row * 24,
    width: each.text.length * each.height * 0.5,
    height: each.height,
    rightToLeft: false,
    order,
    mark: undefined,
    turned: each.turned === 0,
  }));
  return {
    number: index + 1,
    segments: toSegments(runs.filter(({ turned }) => !turned)),
    turned: [toSegments(runs.filter(({ turned }) => turned))],
    tree: undefined,
    repeated: [],
    lines: [],
    comments,
    damaged: false,
  } satisfies PageContent;
}

const words = (texts: readonly string[]) => {
  const counts = new Map<string, number>();
  for (const word of texts.flatMap((each) => each.split(/[\s|]+/))) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
};

it('what is kept and what is left out are all the words that were drawn, each as often', () => {
  fc.assert(
    fc.property(fc.array(page, { minLength: 1, maxLength: 8 }), (pages) => {
      const contents = pages.map(contentOf);
      const { pages: composed, leftOut } = composePages(contents, []);
      const found = words(withLeftOut({ pages: composed, leftOut }).map((each) => each.text));
      const drawn = contents.flatMap(({ segments, turned, comments }) => [
        ...segments.map((each) => each.text),
        ...turned.flat().map((each) => each.text),
        ...comments,
      ]);
      // The head of a table is said again on the next page: there may be more of a word, never less.
      for (const [word, count] of words(drawn)) expect(found.get(word) ?? 0).toBeGreaterThanOrEqual(count);
    }),
    RUNS,
  );
});

it('a line whose text occurs once in the document is kept, unless it is the number of its page', () => {
  fc.assert(
    fc.property(fc.array(page, { minLength: 1, maxLength: 8 }), (pages) => {
      const contents = pages.map(contentOf);
      const { leftOut } = composePages(contents, []);
      const counts = new Map<string, number>();
      for (const { text: each } of contents.flatMap(({ segments }) => segments))
        counts.set(each, (counts.get(each) ?? 0) + 1);
      for (const { text: each, reason, page: number } of leftOut) {
        if (reason === 'page number') expect(each).toMatch(/\d|^[ivxlc]+$/i);
        else expect(counts.get(each) ?? 2, `${each} of page ${number}`).toBeGreaterThan(1);
      }
    }),
    RUNS,
  );
});

it('each page is told as it is laid out: a page of a large table takes its time', () => {
  const contents = Array.from({ length: 3 }, (_, index) =>
    contentOf({ pieces: [], comments: [] } as Parameters<typeof contentOf>[0], index),
  );
  let told = 0;
  composePages(contents, [], () => (told += 1));
  expect(told).toBe(3);
});

it('a page that is nothing but what the others have too is not emptied', () => {
  const contents = Array.from({ length: 10 }, (_, index) =>
    contentOf({ pieces: [], comments: [] } as Parameters<typeof contentOf>[0], index),
  );
  const { pages } = composePages(contents, []);
  for (const { text: each } of pages) expect(each).toContain('Report of the survey');
});
