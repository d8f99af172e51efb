/** Scans: pages of the set drawn as pictures by Ghostscript, worn by ImageMagick, and laid into PDFs without text. */
import { execFileSync } from 'node:child_process';
import { createWriteStream, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import PdfDocument from 'pdfkit';
import type { Expected } from './content.ts';

interface Scan {
  readonly file: string;
  readonly of: string;
  readonly dotsPerInch: number;
  /** ImageMagick's options between reading and writing. */
  readonly wear: readonly string[];
  readonly noisy?: boolean;
}

const BILEVEL = ['-threshold', '60%', '-type', 'bilevel', '-depth', '1'];
const JPEG = (quality: number) => ['-quality', String(quality)];
const NOISE = ['-attenuate', '0.35', '+noise', 'Gaussian', '-blur', '0x0.6'];

const SCANS: readonly Scan[] = [
  { file: 'scan-300-article.pdf', of: 'article.pdf', dotsPerInch: 300, wear: BILEVEL },
  { file: 'scan-300-columns.pdf', of: 'two-columns.pdf', dotsPerInch: 300, wear: BILEVEL },
  { file: 'scan-300-table.pdf', of: 'table-grid.pdf', dotsPerInch: 300, wear: BILEVEL },
  {
    file: 'scan-300-skewed.pdf',
    of: 'hyphenated.pdf',
    dotsPerInch: 300,
    wear: ['-background', 'white', '-rotate', '1.3', ...BILEVEL],
  },
  { file: 'scan-300-statement.pdf', of: 'statement.pdf', dotsPerInch: 300, wear: BILEVEL },
  { file: 'scan-200-noisy.pdf', of: 'footnotes.pdf', dotsPerInch: 200, wear: [...NOISE, ...JPEG(35)], noisy: true },
  {
    file: 'scan-200-noisy-skewed.pdf',
    of: 'hyphenated.pdf',
    dotsPerInch: 200,
    wear: ['-background', 'white', '-rotate', '-0.9', ...NOISE, ...JPEG(35)],
    noisy: true,
  },
  {
    file: 'scan-200-noisy-invoice.pdf',
    of: 'sidebar.pdf',
    dotsPerInch: 200,
    wear: [...NOISE, ...JPEG(35)],
    noisy: true,
  },
  { file: 'scan-100.pdf', of: 'caption.pdf', dotsPerInch: 100, wear: JPEG(50) },
  {
    file: 'picture.png',
    of: 'ligatures.pdf',
    dotsPerInch: 150,
    wear: ['-trim', '-bordercolor', 'white', '-border', '30', '-colors', '16'],
  },
  { file: 'fax.tiff', of: 'margin-note.pdf', dotsPerInch: 200, wear: [...BILEVEL, '-compress', 'Group4'] },
];

/** `known` are the documents that may be scanned. */
export async function makeScans(folder: string, known: readonly Expected[]): Promise<Expected[]> {
  const all: Expected[] = [];
  for (const scan of SCANS) {
    const source = known.find((each) => each.file === scan.of);
    if (!source) throw new RangeError(`There is no ${scan.of} to scan.`);
    const scratch = mkdtempSync(join(tmpdir(), 'scan-'));
    await makeScan(scan, folder, scratch);
    rmSync(scratch, { recursive: true });
    const { file, dotsPerInch, noisy = false } = scan;
    all.push({ ...source, file, kind: 'scan', dotsPerInch, noisy });
  }
  return all;
}

async function makeScan({ file, of, dotsPerInch, wear }: Scan, folder: string, scratch: string): Promise<void> {
  const device = [
    '-sDEVICE=pnggray',
    `-r${dotsPerInch}`,
    '-dTextAlphaBits=4',
    `-sOutputFile=${join(scratch, 'page%02d.png')}`,
  ];
  execFileSync('gs', ['-q', '-dNOPAUSE', '-dBATCH', '-dSAFER', ...device, join(folder, of)]);
  const picture = file.endsWith('.pdf')
    ? join(scratch, `worn%02d.${wear.includes('-quality') ? 'jpg' : 'png'}`)
    : join(folder, file);
  const seeded = ['-seed', '7', '-density', String(dotsPerInch), '-units', 'PixelsPerInch'];
  const plain = ['-strip', '-define', 'png:exclude-chunks=date,time'];
  execFileSync('/usr/bin/convert', [...seeded, join(scratch, 'page*.png'), ...wear, ...plain, picture]);
  if (file.endsWith('.pdf')) await bind(scratch, dotsPerInch, join(folder, file));
}

/** A method that pdfkit's types lack. */
function opening(pdf: PDFKit.PDFDocument) {
  return pdf as unknown as { openImage(path: string): { width: number; height: number } };
}

/** Lays each picture onto a page of its own size. */
async function bind(scratch: string, dotsPerInch: number, target: string): Promise<void> {
  const pdf = new PdfDocument({ autoFirstPage: false, info: { CreationDate: new Date(0) } });
  const file = createWriteStream(target);
  pdf.pipe(file);
  for (const name of readdirSync(scratch)
    .filter((each) => each.startsWith('worn'))
    .sort()) {
    const { width, height } = opening(pdf).openImage(join(scratch, name));
    const size: [number, number] = [(width * 72) / dotsPerInch, (height * 72) / dotsPerInch];
    pdf.addPage({ size, margin: 0 }).image(join(scratch, name), 0, 0, { width: size[0], height: size[1] });
  }
  pdf.end();
  await finished(file);
}
