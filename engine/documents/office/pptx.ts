/** PPTX (ECMA-376, part 1, 19 and 21): a page a slide, with its tables, diagrams and notes. */
import { ProximaError } from '../../errors.ts';
import { type Document, documentOf, type Note, type Page } from '../document.ts';
import { markdownTable } from '../layout/tables.ts';
import { asTitle } from '../titles.ts';
import { type Members, readArchive } from './archive.ts';
import { coreTitle, picturesNote } from './docx.ts';
import { chartLines, runsText } from './drawings.ts';
import { attribute, children, descendants, localName, parseXml, textOf, type XmlElement } from './xml.ts';

const PRESENTATION = 'ppt/presentation.xml';

export async function readPptx(bytes: Uint8Array): Promise<Document> {
  const members = await readArchive(bytes);
  const slides = slidePaths(members);
  const damaged: string[] = [];
  const pages: Page[] = [];
  const titles: (string | undefined)[] = [];
  for (const [index, path] of slides.entries()) {
    const { text, title } = readPart(members, path, damaged);
    pages.push({ number: index + 1, text });
    titles.push(title);
  }
  const outline = titles.flatMap((title, index) => (title ? [{ title, page: index + 1, level: 1 }] : []));
  const notes: Note[] = damaged.length > 0 ? [{ code: 'parts-damaged', parts: damaged }] : [];
  const title = coreTitle(members) ?? asTitle(titles[0] ?? '');
  return documentOf(pages, { title, outline, notes: [...notes, ...picturesNote(members)] });
}

/** The slides' parts in the order in which they are shown. */
function slidePaths(members: Members): string[] {
  const root = parseXml(members.get(PRESENTATION) ?? new Uint8Array(), PRESENTATION);
  const relations = relationsOf(members, PRESENTATION);
  return descendants(root, 'sldId')
    .map((slide) => relations.find(({ id }) => id === relationOf(slide))?.target)
    .filter((path) => path !== undefined);
}

/** Whatever its prefix is: a slide has an `id` of its own beside it. */
function relationOf(element: XmlElement): string | undefined {
  const named = Array.from(element.attributes).filter((each) => each.localName === 'id');
  return named.find(({ namespaceURI }) => namespaceURI?.endsWith('/relationships'))?.value;
}

interface Relation {
  readonly id: string;
  readonly type: string;
  readonly target: string;
}

function relationsOf(members: Members, part: string): Relation[] {
  const path = part.replace(/([^/]+)$/, '_rels/$1.rels');
  const content = members.get(path);
  if (!content) return [];
  return descendants(parseXml(content, path), 'Relationship').map((relation) => ({
    id: attribute(relation, 'Id') ?? '',
    type: (attribute(relation, 'Type') ?? '').replace(/^.*\//, ''),
    target: new URL(attribute(relation, 'Target') ?? '', `part:///${part}`).pathname.replace(/^\//, ''),
  }));
}

function readPart(members: Members, path: string, damaged: string[]): { text: string; title: string | undefined } {
  try {
    const root = parseXml(members.get(path) ?? missing(path), path);
    const shapes = shapesOf(root);
    const titles = shapes.filter((shape) => /^(title|ctrTitle)$/.test(placeholder(shape) ?? ''));
    const others = shapes.filter((shape) => !titles.includes(shape) && !SILENT.has(placeholder(shape) ?? ''));
    const title = titles.flatMap(shapeLines).join(' ').trim();
    const lines = [...titles, ...others].flatMap(shapeLines);
    return { text: [...lines, ...relatedLines(members, path)].join('\n'), title: title || undefined };
  } catch {
    damaged.push(path);
    return { text: '', title: undefined };
  }
}

function missing(path: string): never {
  throw new ProximaError('document-damaged', { name: path, reason: 'it is missing' });
}

/** Places for the date and the slide's number. */
const SILENT = new Set(['sldNum', 'dt', 'sldImg']);

/** Shapes and tables of a slide, those in groups too. */
function shapesOf(root: XmlElement): XmlElement[] {
  const [tree] = descendants(root, 'spTree');
  const collect = (element: XmlElement): XmlElement[] =>
    children(element).flatMap((child) => {
      const name = localName(child);
      if (name === 'sp' || name === 'graphicFrame' || name === 'pic') return [child];
      return ['grpSp', 'AlternateContent', 'Choice', 'cxnSp'].includes(name) ? collect(child) : [];
    });
  return tree ? collect(tree) : [];
}

function placeholder(shape: XmlElement): string | undefined {
  const [place] = descendants(shape, 'ph');
  return place && (attribute(place, 'type') ?? 'body');
}

function shapeLines(shape: XmlElement): string[] {
  const tables = descendants(shape, 'tbl');
  if (tables.length > 0) return tables.flatMap(tableLines);
  if (localName(shape) === 'pic') return pictureLines(shape);
  const listed = placeholder(shape) === 'body';
  return descendants(shape, 'p').flatMap((paragraph) => paragraphLines(paragraph, listed));
}

function pictureLines(shape: XmlElement): string[] {
  const words = attribute(descendants(shape, 'cNvPr')[0] ?? shape, 'descr')
    ?.replace(/\s+/g, ' ')
    .trim();
  return words ? [`[Picture: ${words}]`] : [];
}

function paragraphLines(paragraph: XmlElement, listed: boolean): string[] {
  const text = runsText(paragraph);
  if (text.trim() === '') return [];
  const marked = descendants(paragraph, 'buChar').length > 0 || descendants(paragraph, 'buAutoNum').length > 0;
  const plain = descendants(paragraph, 'buNone').length > 0;
  const [first = '', ...others] = text.split('\n').map((line) => line.trim());
  return [(marked || listed) && !plain ? `- ${first}` : first, ...others].filter(Boolean);
}

function tableLines(table: XmlElement): string[] {
  const rows = children(table, 'tr').map((row) =>
    children(row, 'tc').map((cell) => descendants(cell, 'p').map(runsText).join(' ').trim()),
  );
  return rows.length > 0 ? markdownTable(rows) : [];
}

/** Text that hangs on a slide: diagrams, charts, comments, the speaker's notes. */
function relatedLines(members: Members, path: string): string[] {
  return relationsOf(members, path).flatMap(({ type, target }) => {
    const reader = RELATED[type];
    const content = members.get(target);
    return reader && content ? reader(parseXml(content, target)) : [];
  });
}

const RELATED: Readonly<Record<string, (root: XmlElement) => string[]>> = {
  diagramData: (root) => descendants(root, 'p').flatMap((paragraph) => paragraphLines(paragraph, true)),
  chart: chartLines,
  // Older ones have their text as such, newer ones as paragraphs.
  comments: (root) =>
    [...descendants(root, 'text').map(textOf), ...descendants(root, 'p').map(runsText)]
      .filter((text) => text.trim() !== '')
      .map((text) => `Comment: ${text}`),
  notesSlide: (root) => {
    const shapes = shapesOf(root).filter((shape) => !SILENT.has(placeholder(shape) ?? ''));
    const lines = shapes.flatMap((shape) => descendants(shape, 'p').map(runsText)).filter((line) => line.trim() !== '');
    return lines.length > 0 ? [`Notes: ${lines.join('\n')}`] : [];
  },
};
