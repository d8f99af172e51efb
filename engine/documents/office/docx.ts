/** DOCX through mammoth, with headers, footers and comments; pages are cut by length, because a DOCX does not know its own. */
import { firstLineOf, ProximaError } from '../../errors.ts';
import { type Document, documentOf, type Note } from '../document.ts';
import { paginateMarked } from '../marked-headings.ts';
import { markupText } from '../markup/markup-text.ts';
import { asTitle } from '../titles.ts';
import { type Members, pictureCount, readArchive } from './archive.ts';
import { drawingLines } from './drawings.ts';
import { wordFile } from './word-parts.ts';
import { descendants, parseXml, textOf } from './xml.ts';

const STYLES = [
  'comment-reference => sup',
  "p[style-name='Title'] => h1:fresh",
  "p[style-name='Subtitle'] => h2:fresh",
];

export async function readDocx(bytes: Uint8Array): Promise<Document> {
  const members = await readArchive(bytes);
  const body = markupText(await convert(members));
  const drawn = drawingLines(members, 'word');
  const edges = (kind: 'header' | 'footer') =>
    distinct(partsOf(members, kind).flatMap((part) => paragraphs(members, part)));
  const text = [...edges('header'), body, ...drawn.lines, ...edges('footer')].filter(Boolean).join('\n');
  const { pages, headings } = paginateMarked(text);
  const title = coreTitle(members) ?? headings[0]?.title;
  return documentOf(pages, { title, outline: headings, notes: [...drawn.notes, ...picturesNote(members)] });
}

/** Title of an office file's own properties. */
export function coreTitle(members: Members): string | undefined {
  const properties = members.get('docProps/core.xml');
  if (!properties) return undefined;
  try {
    return asTitle(textOf(descendants(parseXml(properties, 'docProps/core.xml'), 'title')[0]));
  } catch {
    return undefined;
  }
}

export function picturesNote(members: Members): Note[] {
  const count = pictureCount(members);
  return count > 0 ? [{ code: 'pictures-left-out', count }] : [];
}

function partsOf(members: Members, kind: string): string[] {
  return [...members.keys()].filter((name) => new RegExp(`^word/${kind}\\d*\\.xml$`).test(name)).sort();
}

/** The lines of a part; a page number's place is no text. */
function paragraphs(members: Members, part: string): string[] {
  try {
    const root = parseXml(members.get(part) ?? new Uint8Array(), part);
    return descendants(root, 'p').map((paragraph) => descendants(paragraph, 't').map(textOf).join('').trim());
  } catch {
    return [];
  }
}

/** A number of few digits is the page's. */
function distinct(lines: readonly string[]): string[] {
  return [...new Set(lines)].filter((line) => /\p{L}|(\d\D*){5}/u.test(line));
}

async function convert(members: Members): Promise<string> {
  try {
    const { default: mammoth } = await import('mammoth');
    // Pictures would be inlined as text; their words for those who can't see them are enough.
    const convertImage = mammoth.images.imgElement(async () => ({ src: '' }));
    const file = { file: wordFile(members) } as unknown as { buffer: Buffer };
    return (await mammoth.convertToHtml(file, { convertImage, styleMap: STYLES })).value;
  } catch (cause) {
    throw new ProximaError('document-damaged', { name: 'The Word document', reason: firstLineOf(cause) });
  }
}
