/**
 * node build/eval/passages.ts [--pages 40,240] [--documents 40] [--sets wikipedia,privacy-policies]: people's questions about one page
 * of many, and how often the right page is among the three that the words of the question find.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { seededRandom } from '../../engine/generate/sampling.ts';
import { WordSearch } from '../../engine/passages/word-search.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Questions asked of each document. */
const QUESTIONS = 20;
const SHOWN = 3;
const { values } = parseArgs({
  options: {
    pages: { type: 'string', default: '40,240' },
    documents: { type: 'string', default: '20' },
    sets: { type: 'string', default: 'wikipedia,privacy-policies,reddit' },
    folder: { type: 'string', default: join(ROOT, '../shared/questions') },
  },
});

interface Asked {
  readonly context: string;
  readonly questions: readonly { readonly question: string; readonly answers: readonly { readonly text: string }[] }[];
}

function readSet(name: string): Asked[] {
  const lines = gunzipSync(readFileSync(join(values.folder, `${name}.jsonl.gz`))).toString('utf8');
  return lines
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Asked);
}

function drawn<Item>(items: readonly Item[], count: number, random: () => number): Item[] {
  const left = [...items];
  return Array.from({ length: Math.min(count, left.length) }, () =>
    left.splice(Math.floor(random() * left.length), 1),
  ).flat();
}

/** Places, from 0, at which the right page was found, one a question; -1 where it was not among those shown. */
function placesIn(document: readonly Asked[], random: () => number): number[] {
  const search = new WordSearch(document.map(({ context }, index) => ({ number: index + 1, text: context })));
  return drawn([...document.keys()], QUESTIONS, random).flatMap((page) => {
    const [asked] = drawn(document[page]?.questions ?? [], 1, random);
    return asked ? [search.find(asked.question, SHOWN).findIndex((each) => each.page === page + 1)] : [];
  });
}

function measure(set: string, pageCount: number): void {
  const random = seededRandom(pageCount);
  const contexts = readSet(set);
  const places = Array.from({ length: Number(values.documents) }, () =>
    placesIn(drawn(contexts, pageCount, random), random),
  ).flat();
  const share = (most: number) => places.filter((place) => place >= 0 && place < most).length / places.length;
  const shares = [1, 2, SHOWN].map((most) => `${(100 * share(most)).toFixed(1)} %`).join(' | ');
  process.stdout.write(`| ${set} | ${pageCount} | ${places.length} | ${shares} |\n`);
}

process.stdout.write('| questions | pages | asked | first | among two | among three |\n|---|---|---|---|---|---|\n');
for (const set of values.sets.split(',')) for (const pages of values.pages.split(',')) measure(set, Number(pages));
