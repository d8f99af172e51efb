/** EPUB: the chapters in the order of the package's spine (EPUB 3, "Package document"). */
import { parseHTML } from 'linkedom';
import { ProximaError } from '../errors.ts';
import { readArchive } from './archive.ts';
import { type Document, type Heading, type Page, paginate } from './document.ts';
import { markupText } from './html.ts';

export async function readEpub(bytes: Uint8Array): Promise<Document> {
  const members = await readArchive(bytes);
  const text = (path: string) => new TextDecoder().decode(members.get(path) ?? missing(path));
  if (members.has('META-INF/rights.xml')) throw protectedBook();
  const container = parseXml(text('META-INF/container.xml'));
  const packagePath = container.querySelector('rootfile')?.getAttribute('full-path') ?? missing('the package document');
  const book = parseXml(text(packagePath));
  const chapters = spine(book, packagePath).filter((path) => members.has(path));
  const pages: Page[] = [];
  const outline: Heading[] = [];
  for (const path of chapters) {
    const content = markupText(text(path));
    const title = content.split('\n')[0]?.slice(0, 80) ?? '';
    if (content !== '') outline.push({ title, page: pages.length + 1 });
    for (const page of paginate(content)) pages.push({ number: pages.length + 1, text: page.text });
  }
  return { title: titleOf(book), pages, outline, warnings: [] };
}

function parseXml(markup: string) {
  return parseHTML(markup.replace(/<\?xml[^>]*\?>/, '')).document;
}

type Markup = ReturnType<typeof parseXml>;

function titleOf(book: Markup): string | undefined {
  const title = [...book.querySelectorAll('*')].find((element) => element.nodeName.toLowerCase() === 'dc:title');
  return title?.textContent?.trim() || undefined;
}

/** Paths of the chapters in reading order. */
function spine(book: Markup, packagePath: string): string[] {
  const folder = packagePath.includes('/') ? packagePath.slice(0, packagePath.lastIndexOf('/') + 1) : '';
  const items = new Map(
    [...book.querySelectorAll('item')].map((item) => [item.getAttribute('id'), item.getAttribute('href')]),
  );
  return [...book.querySelectorAll('itemref')]
    .map((reference) => items.get(reference.getAttribute('idref')))
    .filter((href): href is string => Boolean(href))
    .map((href) => normalise(folder + href));
}

function normalise(path: string): string {
  return decodeURIComponent(new URL(path, 'book:///').pathname).replace(/^\//, '');
}

function missing(what: string): never {
  throw new ProximaError('document-damaged', { name: 'The EPUB', reason: `it has no ${what}` });
}

function protectedBook(): ProximaError {
  return new ProximaError('document-encrypted', { rights: 'managed' });
}
