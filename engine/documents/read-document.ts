/** Reads a document of any format that Proxima knows; what it is, its bytes say before its name does. */
import { ProximaError } from '../errors.ts';
import { readArchive } from './archive.ts';
import type { Document, ReadOptions } from './document.ts';
import { readDocx } from './docx.ts';
import { readEpub } from './epub.ts';
import { readHtml } from './html.ts';
import { readPdf } from './pdf.ts';
import { readMarkdown, readPlainText } from './plain-text.ts';

export const FORMATS = 'PDF, DOCX, EPUB, HTML, Markdown and plain text';

type Format = 'pdf' | 'docx' | 'epub' | 'html' | 'markdown' | 'text';

/** Rejects with `file-empty`, `format-unknown`, `document-*` or `password-wrong`. */
export async function readDocument(bytes: Uint8Array, name: string, options: ReadOptions = {}): Promise<Document> {
  if (bytes.byteLength === 0) throw new ProximaError('file-empty', { name });
  const format = await detectFormat(bytes, name);
  const document = await readers[format](bytes, options);
  if (document.pages.every((page) => page.text === '')) throw withoutText(document, format);
  return document;
}

const readers: Record<Format, (bytes: Uint8Array, options: ReadOptions) => Document | Promise<Document>> = {
  pdf: readPdf,
  docx: readDocx,
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

async function detectFormat(bytes: Uint8Array, name: string): Promise<Format> {
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 1024));
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
  if (head.includes('%PDF-')) return 'pdf';
  if (head.startsWith('PK\u0003\u0004')) return detectArchive(bytes, name);
  if (extension === 'pdf') {
    throw new ProximaError('document-damaged', { name, reason: 'it is called .pdf but is no PDF' });
  }
  if (/^\s*(<!doctype html|<html)/i.test(head) || ['html', 'htm', 'xhtml'].includes(extension)) return 'html';
  if (isBinary(bytes)) throw unknownFormat(name);
  return ['md', 'markdown'].includes(extension) ? 'markdown' : 'text';
}

async function detectArchive(bytes: Uint8Array, name: string): Promise<Format> {
  const members = await readArchive(bytes);
  if (members.has('word/document.xml')) return 'docx';
  if (members.has('META-INF/container.xml')) return 'epub';
  throw new ProximaError('format-unknown', { name, archive: true });
}

/** UTF-16 text has zeros too, but begins with its mark. */
function isBinary(bytes: Uint8Array): boolean {
  const marked = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  return !marked && bytes.subarray(0, 8192).includes(0);
}

function unknownFormat(name: string): ProximaError {
  return new ProximaError('format-unknown', { name, archive: false });
}
