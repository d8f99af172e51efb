/** What kind of document some bytes are; they say so before the file's name does. */
import { ProximaError } from '../errors.ts';
import { readArchive } from './office/archive.ts';

export type Format =
  | 'pdf'
  | 'docx'
  | 'pptx'
  | 'xlsx'
  | 'odt'
  | 'ods'
  | 'odp'
  | 'rtf'
  | 'eml'
  | 'csv'
  | 'picture'
  | 'epub'
  | 'html'
  | 'markdown'
  | 'text';

/** Endings of files that are archives; a file that is called so and is none is damaged, whatever else its bytes may be. */
const ARCHIVES = /^(docx|docm|pptx|pptm|xlsx|xlsm|odt|ods|odp|epub)$/;
const BY_ENDING: ReadonlyMap<string, Format> = new Map([
  ['html', 'html'],
  ['htm', 'html'],
  ['xhtml', 'html'],
  ['md', 'markdown'],
  ['markdown', 'markdown'],
  ['csv', 'csv'],
  ['tsv', 'csv'],
  ['eml', 'eml'],
]);
const HEAD_BYTES = 1024;
const PICTURES = ['\u2030PNG', '\u00ff\u00d8\u00ff', 'GIF8', 'II*\u0000', 'MM\u0000*'];
const WEBP = /^RIFF.{4}WEBP/s;
/** Word takes `{\rt` for RTF, and what comes before it for nothing. */
const RTF_START = /^(\u00ef\u00bb\u00bf)?\s*\{\s*\\(rt|urtf)/;
/** Some programs write RTF without its first word; a file that only is called so is text, and read as such. */
const RTF_WORDS = /\\(ansi|mac|pca?|deff|fonttbl|colortbl|stylesheet|pard|par|plain|fs|f)\d*\b/;
const OLE = '\u00d0\u00cf\u0011\u00e0';

/** Rejects with `format-unknown`, `format-old`, `document-locked` or `document-damaged`. */
export async function detectFormat(bytes: Uint8Array, name: string): Promise<Format> {
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, HEAD_BYTES));
  const ending = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
  if (head.includes('%PDF-')) return 'pdf';
  if (head.startsWith('PK\u0003\u0004')) return detectArchive(bytes, name);
  if (head.startsWith(OLE)) throw oldFormat(bytes, name);
  if (PICTURES.some((start) => head.startsWith(start)) || WEBP.test(head)) return 'picture';
  if (RTF_START.test(head)) return 'rtf';
  if (ending === 'pdf' || ARCHIVES.test(ending)) {
    throw new ProximaError('document-damaged', { name, reason: `it is called .${ending} but is none` });
  }
  if (isBinary(bytes)) throw new ProximaError('format-unknown', { name, archive: false });
  if (/^\s*(<!doctype html|<html)/i.test(head)) return 'html';
  if (ending === 'rtf') return RTF_WORDS.test(head) ? 'rtf' : 'text';
  return BY_ENDING.get(ending) ?? 'text';
}

/** By what an archive holds: its type where it says one, or the part that only one kind has. */
async function detectArchive(bytes: Uint8Array, name: string): Promise<Format> {
  const members = await readArchive(bytes);
  const type = new TextDecoder().decode(members.get('mimetype')?.subarray(0, 200) ?? new Uint8Array()).trim();
  const open = /^application\/vnd\.oasis\.opendocument\.(text|spreadsheet|presentation)/.exec(type)?.[1];
  if (open && /manifest:encryption-data/.test(new TextDecoder().decode(members.get('META-INF/manifest.xml')))) {
    throw new ProximaError('document-locked');
  }
  if (open === 'text') return 'odt';
  if (open === 'spreadsheet') return 'ods';
  if (open === 'presentation') return 'odp';
  if (members.has('word/document.xml') || members.has('word/document2.xml')) return 'docx';
  if (members.has('ppt/presentation.xml')) return 'pptx';
  if (members.has('xl/workbook.xml') || members.has('xl/workbook.bin')) return 'xlsx';
  if (members.has('META-INF/container.xml')) return 'epub';
  throw new ProximaError('format-unknown', { name, archive: true });
}

/** Office files of before 2007, and newer ones behind a password, share a container. */
function oldFormat(bytes: Uint8Array, name: string): ProximaError {
  const wide = Buffer.from('EncryptedPackage', 'utf16le');
  if (Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(wide)) {
    return new ProximaError('document-locked');
  }
  return new ProximaError('format-old', { name });
}

/** UTF-16 text has zeros too, but begins with its mark. */
function isBinary(bytes: Uint8Array): boolean {
  const marked = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  return !marked && bytes.subarray(0, 8192).some((byte) => byte < 9 || (byte > 13 && byte < 27));
}
