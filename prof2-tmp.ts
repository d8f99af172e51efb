import { readFileSync } from 'node:fs';
import { readPdf } from './engine/documents/pdf/read-pdf.ts';

const bytes = readFileSync('../shared/pdfs/american-adventures.pdf');
for (let i = 0; i < 3; i++) {
  const t = process.cpuUsage().user;
  const d = await readPdf(new Uint8Array(bytes));
  console.log(d.pages.length, ((process.cpuUsage().user - t) / 1e6).toFixed(2));
}
