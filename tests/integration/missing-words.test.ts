/** What pdftotext finds in other people's PDFs, Proxima finds too; what is missing is listed with its reason. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { LIST, listOf, reportOn, SHARED_PDFS, sharedPdfs, UNEXPLAINED } from '../../build/documents/missing-words.ts';

const hasTool = spawnSync('pdftotext', ['-v']).status === 0;
if (!hasTool) process.stderr.write('\n*** No pdftotext (poppler-utils): missing words are not looked for. ***\n');
/** A file of two words says nothing by its share. */
const FEWEST_WORDS = 50;

it.skipIf(!hasTool || !existsSync(SHARED_PDFS))('the list of missing words is complete', async () => {
  const reports = await Promise.all(sharedPdfs().map(reportOn));
  expect(reports.length).toBeGreaterThan(5);
  for (const { file, words, recall, missing } of reports) {
    if (words >= FEWEST_WORDS) expect(recall, file).toBeGreaterThanOrEqual(0.99);
    expect(missing[UNEXPLAINED] ?? [], file).toEqual([]);
  }
  expect(listOf(reports)).toBe(readFileSync(LIST, 'utf8'));
});
