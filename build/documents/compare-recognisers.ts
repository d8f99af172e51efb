/**
 * Reads the scans of the set with Tesseract, as Proxima does, and with PP-OCRv4, page by page on the same pictures, and writes their
 * figures into `recognisers.md`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openPdf } from '../../engine/documents/pdf/open-pdf.ts';
import { pictureOf } from '../../engine/documents/pdf/page-picture.ts';
import type { GreyMap } from '../../engine/documents/recognition/grey-map.ts';
import { type Picture, Recogniser } from '../../engine/documents/recognition/recogniser.ts';
import type { Expected } from './content.ts';
import { order, recall, wordsIn } from './measures.ts';
import { PpOcr } from './pp-ocr.ts';

const FOLDER = join(import.meta.dirname, '../../tests/fixtures/documents');
const OUT = join(import.meta.dirname, 'recognisers.md');
/** Tesseract has one thread. */
const THREADS = 1;

interface Result {
  readonly words: string[];
  readonly seconds: number;
}

/** As many letters, whatever stands between them: what is left of recall where spaces are lost. */
function letterRecall(expected: readonly string[], found: readonly string[]): number {
  const letters = (words: readonly string[]) => [...words.join('')];
  return recall(letters(expected), letters(found));
}

function greyMapOf({ bytes, width, height }: Picture): GreyMap {
  return { pixels: bytes.subarray(bytes.length - width * height), width, height };
}

async function timed(work: () => Promise<string>): Promise<Result> {
  const started = performance.now();
  const text = await work();
  return { words: wordsIn(text), seconds: (performance.now() - started) / 1000 };
}

async function picturesOf(file: string): Promise<Picture[]> {
  const { pdf, close } = await openPdf(new Uint8Array(readFileSync(join(FOLDER, file))), { pictures: true });
  const pictures: Picture[] = [];
  for (let number = 1; number <= pdf.numPages; number++) pictures.push(await pictureOf(pdf, number));
  await close();
  return pictures;
}

function row(file: string, name: string, expected: readonly string[], { words, seconds }: Result, pages: number) {
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  const shares = [recall(expected, words), letterRecall(expected, words), order(expected, words)].map(percent);
  return `| ${[file, name, ...shares, `${(seconds / pages).toFixed(1)} s`].join(' | ')} |`;
}

const set = JSON.parse(readFileSync(join(FOLDER, 'expected.json'), 'utf8')) as Expected[];
const ppOcr = await PpOcr.open(THREADS);
const recogniser = new Recogniser({ language: 'eng' });
await recogniser.ready();
const rows: string[] = [];
for (const { file, kind, words } of set) {
  if (kind !== 'scan' || !file.endsWith('.pdf')) continue;
  const pictures = await picturesOf(file);
  const expected = wordsIn(words);
  const tesseract = await timed(async () => {
    const pages: string[] = [];
    for (const picture of pictures) {
      pages.push((await recogniser.recognise(picture)).words.map(({ text }) => text).join(' '));
    }
    return pages.join('\n');
  });
  const other = await timed(async () => {
    const pages: string[] = [];
    for (const picture of pictures) pages.push((await ppOcr.read(greyMapOf(picture))).join('\n'));
    return pages.join('\n');
  });
  rows.push(row(file, 'Tesseract', expected, tesseract, pictures.length));
  rows.push(row(file, 'PP-OCRv4', expected, other, pictures.length));
  process.stdout.write(`${rows.slice(-2).join('\n')}\n`);
}
await recogniser.close();
const head = [
  '# Two recognisers on the same pages',
  '',
  'Made by `build/documents/compare-recognisers.ts`: the scans of the set, each page the same picture for both, one thread each. Words as',
  'they come from the recogniser, before columns and tables are told apart; letters: the same without regard to spaces.',
  '',
  '| scan | recogniser | words | letters | order | a page |',
  '|---|---|---|---|---|---|',
];
writeFileSync(OUT, `${[...head, ...rows].join('\n')}\n`);
