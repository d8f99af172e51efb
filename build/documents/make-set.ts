/**
 * Makes the documents by which reading is judged (`evaluate.ts`), with what is known of each of them. Needs Debian's pdfTeX
 * (texlive-latex-recommended, texlive-fonts-recommended), LibreOffice, Ghostscript and ImageMagick.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDrawn } from './drawn.ts';
import { makeLatex } from './latex.ts';
import { makeOffice } from './office.ts';
import { makeScans } from './scans.ts';

const FOLDER = join(import.meta.dirname, '../../tests/fixtures/documents');

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
const drawn = await makeDrawn(FOLDER);
const latex = makeLatex(FOLDER);
const office = makeOffice(FOLDER);
const known = [...drawn, ...latex, ...office];
const all = [...known, ...(await makeScans(FOLDER, known))];
writeFileSync(join(FOLDER, 'expected.json'), `${JSON.stringify(all, undefined, 1)}\n`);
process.stdout.write(`${all.length} documents in tests/fixtures/documents.\n`);
