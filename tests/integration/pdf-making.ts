/** Makes small PDFs for tests. */
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import PdfDocument from 'pdfkit';

export async function makePdf(
  path: string,
  draw: (pdf: PDFKit.PDFDocument) => void,
  options: PDFKit.PDFDocumentOptions = {},
): Promise<void> {
  const pdf = new PdfDocument(options);
  const file = createWriteStream(path);
  pdf.pipe(file);
  draw(pdf);
  pdf.end();
  await finished(file);
}

/** A PDF of these objects, numbered from 1; the first is its catalogue. */
export function pdfOf(objects: readonly string[]): Buffer {
  const parts = ['%PDF-1.7\n', ...objects.map((each, index) => `${index + 1} 0 obj\n${each}\nendobj\n`)];
  let offset = 0;
  const offsets = parts.map((part) => {
    const own = offset;
    offset += Buffer.byteLength(part, 'latin1');
    return own;
  });
  const table = offsets.slice(1).map((each) => `${String(each).padStart(10, '0')} 00000 n \n`);
  const tail = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table.join('')}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${offset}\n%%EOF`;
  return Buffer.from(parts.join('') + tail, 'latin1');
}
