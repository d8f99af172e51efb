/**
 * Reads the set of `make-set.ts` and says how well, beside Debian's pdftotext (poppler-utils). `--scans` recognises the scans
 * too; `--each` prints a line for every document.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLeftOut } from '../../engine/documents/document.ts';
import { ProximaError } from '../../engine/errors.ts';
import { readDocumentFile } from '../../engine/hosts/document-reader.ts';
import type { Expected } from './content.ts';
import { cellShare, fieldsRight, missingWords, order, recall, tableRows, wholeText, wordsIn } from './measures.ts';

const FOLDER = join(import.meta.dirname, '../../tests/fixtures/documents');
const EACH = process.argv.includes('--each');
const SCANS = process.argv.includes('--scans');

interface Sums {
  words: number;
  recalled: number;
  order: number;
  documents: number;
  cellsRight: number;
  cells: number;
  fieldsRight: number;
  fields: number;
  pages: number;
  seconds: number;
}

const groups = new Map<string, Sums>();

function add(group: string, { words, tables, fields }: Expected, text: string, pages: number, seconds: number): string {
  const sums = groups.get(group) ?? {
    words: 0,
    recalled: 0,
    order: 0,
    documents: 0,
    cellsRight: 0,
    cells: 0,
    fieldsRight: 0,
    fields: 0,
    pages: 0,
    seconds: 0,
  };
  const [expected, found] = [wordsIn(words), wordsIn(text)];
  const cells = cellShare(tables, text);
  const right = fieldsRight(fields, text);
  sums.words += expected.length;
  sums.recalled += recall(expected, found) * expected.length;
  sums.order += order(expected, found);
  sums.documents += 1;
  sums.cellsRight += cells.right;
  sums.cells += cells.of;
  sums.fieldsRight += right;
  sums.fields += fields.length;
  sums.pages += pages;
  sums.seconds += seconds;
  groups.set(group, sums);
  const parts = [`words ${percent(recall(expected, found))}`, `order ${percent(order(expected, found))}`];
  if (cells.of > 0) parts.push(`cells ${cells.right}/${cells.of} (${tableRows(text).length} rows)`);
  if (fields.length > 0) parts.push(`fields ${right}/${fields.length}`);
  const missing = missingWords(expected, found);
  if (missing.length > 0) parts.push(`missing: ${missing.slice(0, 8).join(' ')}`);
  return parts.join(', ');
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

function pdftotext(path: string, ...options: string[]): string {
  return execFileSync('pdftotext', [...options, path, '-'], { encoding: 'utf8' });
}

for (const expected of JSON.parse(readFileSync(join(FOLDER, 'expected.json'), 'utf8')) as Expected[]) {
  if (expected.kind === 'scan' && !SCANS) continue;
  const path = join(FOLDER, expected.file);
  const started = performance.now();
  try {
    const document = await readDocumentFile(path);
    const seconds = (performance.now() - started) / 1000;
    // Page numbers and running titles are no words of the documents; what else is left out counts as missing.
    const text = wholeText(document);
    const group =
      expected.kind === 'scan' ? `scans, ${expected.dotsPerInch} dpi${expected.noisy ? ', noisy' : ''}` : 'digital';
    const line = add(group, expected, text, withLeftOut(document).length, seconds);
    if (EACH) process.stdout.write(`${expected.file}: ${line}\n`);
    if (expected.kind === 'digital' && path.endsWith('.pdf')) {
      add('digital PDF', expected, text, document.pages.length, seconds);
      add('digital PDF, pdftotext', expected, pdftotext(path), document.pages.length, 0);
      add('digital PDF, pdftotext -layout', expected, pdftotext(path, '-layout'), document.pages.length, 0);
    }
  } catch (cause) {
    if (!(cause instanceof ProximaError)) throw cause;
    const meant = expected.kind === 'refused';
    process.stdout.write(`${expected.file}: ${meant ? 'refused, as it should be' : 'REFUSED'}: ${cause.message}\n`);
    if (!meant) add(expected.kind, expected, '', 1, 0);
  }
}

for (const [group, sums] of groups) {
  const parts = [`words ${percent(sums.recalled / sums.words)}`, `order ${percent(sums.order / sums.documents)}`];
  if (sums.cells > 0) parts.push(`cells ${percent(sums.cellsRight / sums.cells)}`);
  if (sums.fields > 0) parts.push(`fields ${sums.fieldsRight}/${sums.fields}`);
  if (sums.seconds > 0) parts.push(`${(sums.seconds / sums.pages).toFixed(2)} s a page`);
  process.stdout.write(`${group} (${sums.documents}): ${parts.join(', ')}\n`);
}
