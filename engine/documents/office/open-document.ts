/** ODT and ODP (OpenDocument 1.3): text with headings, lists, tables, notes and comments; of slides a page each. */
import { type Document, documentOf, type Page } from '../document.ts';
import { markdownTable } from '../layout/tables.ts';
import { headingLine, paginateMarked, unmarked } from '../marked-headings.ts';
import { asTitle } from '../titles.ts';
import { type Members, readArchive } from './archive.ts';
import { picturesNote } from './docx.ts';
import { attribute, children, descendants, localName, parseXml, textOf, type XmlElement } from './xml.ts';

const MOST_SPACES = 100;
const MOST_REPEATED = 64;
const DEEPEST = 100;

export async function readOpenText(bytes: Uint8Array): Promise<Document> {
  const members = await readArchive(bytes);
  const body = bodyOf(members, 'text');
  const edges = edgeLines(members);
  const lines = [...edges('header'), ...blockLines(body, 0), ...edges('footer')];
  const { pages, headings } = paginateMarked(lines.filter((line) => line.trim() !== '').join('\n'));
  const title = metaTitle(members) ?? headings[0]?.title;
  return documentOf(pages, { title, outline: headings, notes: picturesNote(members) });
}

export async function readOpenSlides(bytes: Uint8Array): Promise<Document> {
  const members = await readArchive(bytes);
  const slides = descendants(bodyOf(members, 'presentation'), 'page');
  const pages: Page[] = [];
  const outline = slides.flatMap((slide, index) => {
    const { lines, title } = slideLines(slide);
    pages.push({ number: index + 1, text: lines.join('\n') });
    return title === '' ? [] : [{ title, page: index + 1, level: 1 }];
  });
  return documentOf(pages, { title: metaTitle(members) ?? outline[0]?.title, outline, notes: picturesNote(members) });
}

function bodyOf(members: Members, kind: string): XmlElement {
  const root = parseXml(members.get('content.xml') ?? new Uint8Array(), 'content.xml');
  const [body] = descendants(root, 'body');
  return (body && children(body, kind)[0]) ?? root;
}

function metaTitle(members: Members): string | undefined {
  const meta = members.get('meta.xml');
  return meta && asTitle(textOf(descendants(parseXml(meta, 'meta.xml'), 'title')[0]));
}

/** Headers and footers, each different line once. */
function edgeLines(members: Members): (kind: 'header' | 'footer') => string[] {
  const styles = members.get('styles.xml');
  const root = styles && parseXml(styles, 'styles.xml');
  return (kind) => {
    const parts = root ? ['', '-left', '-first'].flatMap((side) => descendants(root, kind + side)) : [];
    const lines = parts.flatMap((part) => blockLines(part, 0));
    return [...new Set(lines)].filter((line) => /\p{L}|(\d\D*){5}/u.test(line));
  };
}

function slideLines(slide: XmlElement): { lines: string[]; title: string } {
  const frames = children(slide).filter((child) => !['notes', 'forms', 'animations'].includes(localName(child)));
  const isTitle = (frame: XmlElement) => attribute(frame, 'class') === 'title';
  const ordered = [...frames.filter(isTitle), ...frames.filter((frame) => !isTitle(frame))];
  const lines = ordered.flatMap((frame) => blockLines(frame, 0));
  const notes = children(slide, 'notes').flatMap((part) => blockLines(part, 0));
  const title = frames
    .filter(isTitle)
    .flatMap((frame) => blockLines(frame, 0))
    .join(' ');
  const all = [...lines, ...(notes.length > 0 ? [`Notes: ${notes.join('\n')}`] : [])];
  return { lines: all.map(unmarked).filter((line) => line.trim() !== ''), title: unmarked(title) };
}

function blockLines(element: XmlElement, depth: number): string[] {
  if (depth > DEEPEST) return [textOf(element)];
  return children(element).flatMap((child) => childLines(child, depth + 1));
}

const SILENT = new Set([
  'tracked-changes',
  'sequence-decls',
  'forms',
  'index-title-template',
  'table-of-content-source',
]);

function childLines(child: XmlElement, depth: number): string[] {
  const name = localName(child);
  if (SILENT.has(name)) return [];
  if (name === 'h') return [headingLine(inlineText(child), Number(attribute(child, 'outline-level') ?? 1) || 1)];
  if (name === 'p') return paragraphLines(child, depth);
  if (name === 'list') return listLines(child, depth);
  if (name === 'table') return tableLines(child);
  if (name === 'image' || name === 'frame') return frameLines(child, depth);
  return blockLines(child, depth);
}

/** A paragraph, then what hangs on it: notes, comments and text boxes. */
function paragraphLines(paragraph: XmlElement, depth: number): string[] {
  const boxes = ['frame', 'custom-shape'].flatMap((name) => descendants(paragraph, name));
  const notes = descendants(paragraph, 'note').map((note) => {
    const [body] = descendants(note, 'note-body');
    return `[${textOf(descendants(note, 'note-citation')[0])}] ${body ? blockLines(body, depth).join(' ') : ''}`;
  });
  const comments = descendants(paragraph, 'annotation').map((comment) => {
    const author = textOf(descendants(comment, 'creator')[0]);
    const text = descendants(comment, 'p').map(inlineText).join(' ');
    return author === '' ? `Comment: ${text}` : `Comment (${author}): ${text}`;
  });
  return [inlineText(paragraph), ...boxes.flatMap((box) => frameLines(box, depth)), ...notes, ...comments];
}

function frameLines(frame: XmlElement, depth: number): string[] {
  const words = descendants(frame, 'desc').map((description) => `[Picture: ${textOf(description).trim()}]`);
  return [...words, ...blockLines(frame, depth)].filter((line) => line.trim() !== '');
}

function listLines(list: XmlElement, depth: number): string[] {
  return children(list).flatMap((item) => {
    const [first = '', ...others] = blockLines(item, depth);
    const nested = /^- /.test(first);
    return first === '' ? others : [nested ? first : `- ${first}`, ...others];
  });
}

function tableLines(table: XmlElement): string[] {
  const rows = descendants(table, 'table-row').map((row) =>
    children(row)
      .filter((cell) => /^(covered-)?table-cell$/.test(localName(cell)))
      .flatMap((cell) => repeated(unmarked(blockLines(cell, 0).join(' ')), attribute(cell, 'number-columns-repeated'))),
  );
  return rows.length > 0 ? markdownTable(rows) : [];
}

function repeated(text: string, times: string | undefined): string[] {
  return Array.from({ length: Math.min(MOST_REPEATED, Math.max(1, Number(times ?? 1) || 1)) }, () => text);
}

/** The words of a paragraph itself, without what only hangs on it. */
function inlineText(element: XmlElement): string {
  let text = '';
  for (const node of Array.from(element.childNodes)) {
    if (node.nodeType === 3) text += (node.nodeValue ?? '').replace(/\s+/g, ' ');
    else if (node.nodeType === 1) text += inlineElement(node as XmlElement);
  }
  return text.trim() === '' ? '' : text;
}

function inlineElement(element: XmlElement): string {
  switch (localName(element)) {
    case 's':
      return ' '.repeat(Math.min(MOST_SPACES, Number(attribute(element, 'c') ?? 1) || 1));
    case 'tab':
    case 'line-break':
      return ' ';
    case 'note':
      return `[${textOf(descendants(element, 'note-citation')[0])}]`;
    case 'annotation':
    case 'annotation-end':
    case 'frame':
    case 'custom-shape':
      return '';
    default:
      return inlineText(element) || (element.textContent?.trim() === '' ? ' ' : '');
  }
}
