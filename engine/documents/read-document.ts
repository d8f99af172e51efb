/** Reads a document of any format that Proxima knows. */
import { ProximaError } from '../errors.ts';
import type { Document, ReadOptions } from './document.ts';
import { detectFormat, type Format } from './formats.ts';

/**
 * Takes the bytes away from their owner. A document of scans that are yet to be recognised has pages without text and says so in
 * its notes. Rejects with `file-empty`, `format-unknown`, `format-old`, `document-*` or `password-wrong`.
 */
export async function readDocument(bytes: Uint8Array, name: string, options: ReadOptions = {}): Promise<Document> {
  if (bytes.byteLength === 0) throw new ProximaError('file-empty', { name });
  const format = await detectFormat(bytes, name);
  const read = await readers[format]();
  const document = await read(bytes, options);
  const empty = document.pages.every((page) => page.text === '');
  const offered = document.notes.some(({ code }) => code === 'recognition-offered');
  if (empty && !offered) throw withoutText(document, format);
  return document;
}

type Reader = (bytes: Uint8Array, options: ReadOptions) => Document | Promise<Document>;

/** Each with the libraries that it needs: most documents are of one kind, and loading all of them takes longer than reading it. */
const readers: Record<Format, () => Promise<Reader>> = {
  pdf: async () => (await import('./pdf/read-pdf.ts')).readPdf,
  docx: async () => (await import('./office/docx.ts')).readDocx,
  pptx: async () => (await import('./office/pptx.ts')).readPptx,
  xlsx: async () => (await import('./office/sheets.ts')).readXlsx,
  odt: async () => (await import('./office/open-document.ts')).readOpenText,
  ods: async () => (await import('./office/sheets.ts')).readOpenSheets,
  odp: async () => (await import('./office/open-document.ts')).readOpenSlides,
  rtf: async () => (await import('./office/rtf.ts')).readRtf,
  eml: async () => (await import('./office/eml.ts')).readEml,
  csv: async () => (await import('./office/sheets.ts')).readCsv,
  picture: async () => (await import('./recognition/read-picture.ts')).readPicture,
  epub: async () => (await import('./markup/epub.ts')).readEpub,
  html: async () => (await import('./markup/html.ts')).readHtml,
  markdown: async () => (await import('./plain-text.ts')).readMarkdown,
  text: async () => (await import('./plain-text.ts')).readPlainText,
};

function withoutText(document: Document, format: Format): ProximaError {
  const pages = document.pages.length;
  if (format !== 'pdf') return new ProximaError('document-without-text', { scannedPages: 0 });
  return new ProximaError('document-without-text', { scannedPages: pages });
}
