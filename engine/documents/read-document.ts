/** Reads a document of any format that Proxima knows. */
import { ProximaError } from '../errors.ts';
import type { Document, ReadOptions } from './document.ts';
import { detectFormat, type Format } from './formats.ts';
import { readEpub } from './markup/epub.ts';
import { readHtml } from './markup/html.ts';
import { readDocx } from './office/docx.ts';
import { readEml } from './office/eml.ts';
import { readOpenSlides, readOpenText } from './office/open-document.ts';
import { readPptx } from './office/pptx.ts';
import { readRtf } from './office/rtf.ts';
import { readCsv, readOpenSheets, readXlsx } from './office/sheets.ts';
import { readPdf } from './pdf/read-pdf.ts';
import { readMarkdown, readPlainText } from './plain-text.ts';
import { readPicture } from './recognition/read-picture.ts';

/**
 * Takes the bytes away from their owner. A document of scans that are yet to be recognised has pages without text and says so in
 * its notes. Rejects with `file-empty`, `format-unknown`, `format-old`, `document-*` or `password-wrong`.
 */
export async function readDocument(bytes: Uint8Array, name: string, options: ReadOptions = {}): Promise<Document> {
  if (bytes.byteLength === 0) throw new ProximaError('file-empty', { name });
  const format = await detectFormat(bytes, name);
  const document = await readers[format](bytes, options);
  const empty = document.pages.every((page) => page.text === '');
  const offered = document.notes.some(({ code }) => code === 'recognition-offered');
  if (empty && !offered) throw withoutText(document, format);
  return document;
}

const readers: Record<Format, (bytes: Uint8Array, options: ReadOptions) => Document | Promise<Document>> = {
  pdf: readPdf,
  docx: readDocx,
  pptx: readPptx,
  xlsx: readXlsx,
  odt: readOpenText,
  ods: readOpenSheets,
  odp: readOpenSlides,
  rtf: readRtf,
  eml: readEml,
  csv: readCsv,
  picture: readPicture,
  epub: readEpub,
  html: readHtml,
  markdown: readMarkdown,
  text: readPlainText,
};

function withoutText(document: Document, format: Format): ProximaError {
  const pages = document.pages.length;
  if (format !== 'pdf') return new ProximaError('document-without-text', { scannedPages: 0 });
  return new ProximaError('document-without-text', { scannedPages: pages });
}
