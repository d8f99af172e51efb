/** EPUB: the chapters in the order of the package's spine (EPUB 3, "Package document"). */
import { ProximaError } from '../../errors.ts';
import { type Document, documentOf, type Heading, type Note, type Page } from '../document.ts';
import { paginateMarked, unmarked } from '../marked-headings.ts';
import { type Members, readArchive } from '../office/archive.ts';
import { attribute, descendants, parseXml, textOf, type XmlElement } from '../office/xml.ts';
import { asTitle } from '../titles.ts';
import { markupText } from './markup-text.ts';

export async function readEpub(bytes: Uint8Array): Promise<Document> {
  const members = await readArchive(bytes);
  const xml = (path: string) => parseXml(members.get(path) ?? missing(path), path);
  refuseProtected(members);
  const [rootFile] = descendants(xml('META-INF/container.xml'), 'rootfile');
  const packagePath = (rootFile && attribute(rootFile, 'full-path')) ?? missing('the package document');
  const book = xml(packagePath);
  const chapters = spine(book, packagePath);
  const pages: Page[] = [];
  const outline: Heading[] = [];
  for (const path of chapters) {
    const chapter = readChapter(members.get(path), pages.length);
    pages.push(...chapter.pages);
    outline.push(...chapter.headings);
  }
  const lost = chapters.filter((path) => !members.has(path));
  const notes: Note[] = lost.length > 0 ? [{ code: 'parts-damaged', parts: lost }] : [];
  return documentOf(pages, { title: asTitle(textOf(descendants(book, 'title')[0])), outline, notes });
}

/** Files by which the schemes of DRM are known. */
const SCHEMES: Readonly<Record<string, string>> = {
  'META-INF/rights.xml': 'Adobe',
  'META-INF/license.lcpl': 'Readium LCP',
  'META-INF/sinf.xml': 'Apple FairPlay',
};
/** Ways of making embedded fonts unusable elsewhere; the text is not touched. */
const OF_FONTS = /^http:\/\/(www\.idpf\.org\/2008\/embedding|ns\.adobe\.com\/pdf\/enc#RC)$/;

/** Throws `document-protected`. */
function refuseProtected(members: Members): void {
  const mark = Object.keys(SCHEMES).find((name) => members.has(name));
  const list = members.get('META-INF/encryption.xml');
  const methods = list ? descendants(parseXml(list, 'META-INF/encryption.xml'), 'EncryptionMethod') : [];
  const encrypted = methods.some((method) => !OF_FONTS.test(attribute(method, 'Algorithm') ?? ''));
  if (mark !== undefined || encrypted) {
    throw new ProximaError('document-protected', { scheme: mark === undefined ? null : (SCHEMES[mark] ?? null) });
  }
}

/** A chapter without headings is called by its first line. */
function readChapter(content: Uint8Array | undefined, before: number): { pages: Page[]; headings: Heading[] } {
  if (!content) return { pages: [], headings: [] };
  const text = markupText(closeTags(new TextDecoder().decode(content)));
  const { pages, headings } = paginateMarked(text, before);
  const [first = ''] = unmarked(text).split('\n');
  if (headings.length > 0 || first === '') return { pages, headings };
  return { pages, headings: [{ title: first.slice(0, 80), page: before + 1, level: 1 }] };
}

/** XHTML may close a tag where it opens; HTML would take what follows as its content. */
function closeTags(markup: string): string {
  return markup
    .replace(/<!DOCTYPE[^>[]*(\[[^\]]*\])?[^>]*>/i, '')
    .replace(/<(title|script|style|a|span|div|p|i|b|em|strong|td|th|li|h[1-6]|textarea)\b([^<>]*)\/>/gi, '<$1$2></$1>');
}

/** Paths of the chapters in reading order. */
function spine(book: XmlElement, packagePath: string): string[] {
  const folder = packagePath.includes('/') ? packagePath.slice(0, packagePath.lastIndexOf('/') + 1) : '';
  const items = new Map(descendants(book, 'item').map((item) => [attribute(item, 'id'), attribute(item, 'href')]));
  return descendants(book, 'itemref')
    .map((reference) => items.get(attribute(reference, 'idref')))
    .filter((href): href is string => Boolean(href))
    .map((href) => normalise(folder + href));
}

function normalise(path: string): string {
  const plain = new URL(path, 'book:///').pathname.replace(/^\//, '');
  try {
    return decodeURIComponent(plain);
  } catch {
    return plain;
  }
}

function missing(what: string): never {
  throw new ProximaError('document-damaged', { name: 'The EPUB', reason: `it has no ${what}` });
}
