/**
 * Which words Debian's pdftotext finds in the PDFs of ../shared/pdfs and reading does not, and why, one by one: written to
 * `missing-words.md`. Ends with an error where one has no explanation.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Document } from '../../engine/documents/document.ts';
import { readDocument } from '../../engine/documents/read-document.ts';
import { missingWords, recall, wholeText, wordsIn } from './measures.ts';

export const SHARED_PDFS = join(import.meta.dirname, '../../../shared/pdfs');
const MOST_BYTES = 2 ** 28;
/** Theirs is public: it is what the file is for. */
const PASSWORDS: Readonly<Record<string, string>> = { 'libreoffice-writer-password.pdf': 'openpassword' };

export interface FileReport {
  readonly file: string;
  /** Words that pdftotext finds. */
  readonly words: number;
  readonly recall: number;
  readonly missing: Readonly<Record<string, readonly string[]>>;
}

export async function reportOn(file: string): Promise<FileReport> {
  const path = join(SHARED_PDFS, file);
  const password = PASSWORDS[file];
  const recognition = { mostPages: 0 };
  const document = await readDocument(new Uint8Array(readFileSync(path)), file, { password, recognition });
  const options = password === undefined ? [] : ['-upw', password];
  const theirs = wordsIn(
    execFileSync('pdftotext', [...options, path, '-'], { encoding: 'utf8', maxBuffer: MOST_BYTES }),
  );
  const ours = wordsIn(wholeText(document));
  return {
    file,
    words: theirs.length,
    recall: Math.round(recall(theirs, ours) * 10_000) / 10_000,
    missing: explained(missingWords(theirs, ours), document),
  };
}

export const UNEXPLAINED = 'unexplained';

/** The missing words by the reason why they are. */
function explained(missing: readonly string[], document: Document): Record<string, string[]> {
  const reasons: Record<string, string[]> = {};
  const leftOut = countsOf(document.leftOut.flatMap(({ text }) => wordsIn(text)));
  const letters = lettersOf(wholeText(document));
  for (const word of missing) {
    const left = leftOut.get(word) ?? 0;
    if (left > 0) leftOut.set(word, left - 1);
    const reason =
      left > 0 ? 'left out as a page number or running title, and listed as such' : reasonFor(word, letters);
    reasons[reason] ??= [];
    reasons[reason].push(word);
  }
  return reasons;
}

function reasonFor(word: string, letters: string): string {
  const wanted = lettersOf(word);
  if (/[\u0590-\u08ff]/.test(word)) return rightToLeft(word, letters);
  if (letters.includes(wanted)) return 'there, with its spaces, dashes or line ends elsewhere';
  return UNEXPLAINED;
}

/** pdftotext writes a word of two scripts in one; here each direction is read by itself. */
function rightToLeft(word: string, letters: string): string {
  const parts = word.match(/[\u0590-\u08ff]+|[^\u0590-\u08ff]+/g) ?? [];
  const present = (part: string) => letters.includes(part) || letters.includes([...part].reverse().join(''));
  const all = parts.map(lettersOf).every(present);
  return all ? 'there, in the order of its own direction' : UNEXPLAINED;
}

function lettersOf(text: string): string {
  return text.normalize('NFKC').replace(/[^\p{L}\p{N}]/gu, '');
}

function countsOf(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

export function sharedPdfs(): string[] {
  return readdirSync(SHARED_PDFS)
    .filter((name) => name.endsWith('.pdf'))
    .sort();
}

export const LIST = join(import.meta.dirname, 'missing-words.md');

/** The list as it is committed. */
export function listOf(reports: readonly FileReport[]): string {
  const head = [
    '# Words that pdftotext finds and Proxima does not',
    '',
    'Made by `build/documents/missing-words.ts` from the PDFs of `../shared/pdfs`; every missing word stands here with its reason.',
    '',
  ];
  return `${[...head, ...reports.flatMap(sectionOf)].join('\n').trimEnd()}\n`;
}

function sectionOf({ file, words, recall: share, missing }: FileReport): string[] {
  const parts = Object.entries(missing).map(([reason, each]) => `- ${each.length} ${reason}: ${each.join(' ')}`);
  const found = `${(share * 100).toFixed(2)} % of ${words.toLocaleString('en')} words found`;
  return [`## ${file}`, '', `${found}${parts.length === 0 ? '; none is missing.' : '; missing:'}`, '', ...parts, ''];
}

if (import.meta.main) {
  const reports: FileReport[] = [];
  for (const file of sharedPdfs()) reports.push(await reportOn(file));
  writeFileSync(LIST, listOf(reports));
  for (const { file, missing } of reports) {
    if (!(UNEXPLAINED in missing)) continue;
    process.stderr.write(`${file}: unexplained: ${missing[UNEXPLAINED]?.join(' ')}\n`);
    process.exitCode = 1;
  }
}
