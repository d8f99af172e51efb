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
