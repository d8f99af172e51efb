/** PDF through pdf.js: what each page draws, in reading order, with tables, form values and comments. */
import type { PDFDocumentProxy } from 'pdfjs-dist/legacy/build/pdf.mjs';
import { throwIfCancelled } from '../../errors.ts';
import { type Document, documentOf, type Heading, type Note, type Page, type ReadOptions } from '../document.ts';
import type { RecognisedPage } from '../recognition/recogniser.ts';
import { composePages } from './compose-pages.ts';
import { attachmentsOf, labelsOf, outlineOf, titleOf } from './document-facts.ts';
import { openPdf } from './open-pdf.ts';
import { type PageContent, readPageContent } from './page-content.ts';
import { pagesToRecognise, type Recognition, recognisePages, type Wanted } from './recognise-pages.ts';

/** Takes the bytes away from their owner: of a large file there is to be one copy. */
export async function readPdf(bytes: Uint8Array, options: ReadOptions = {}): Promise<Document> {
  const drawn = await readDrawn(bytes, options);
  const { contents, recognised, leftOut, notes } = await withRecognition(drawn, options);
  const total = contents.length;
  const composed = composePages(contents, drawn.labels, () => {
    throwIfCancelled(options.signal);
    options.onProgress?.({ stage: 'reading', done: total, total });
  });
  const pages = composed.pages.map((page) => withRecognised(page, recognised));
  return documentOf(pages, {
    title: drawn.title ?? composed.headings[0]?.title,
    outline: drawn.outline.length > 0 ? drawn.outline : composed.headings,
    leftOut: [...composed.leftOut, ...leftOut],
    notes: [...notesFor(contents, pages, notes), ...notes, ...attachedNote(drawn.attachments)],
  });
}

/** What the file has without its pictures. */
interface Drawn {
  readonly contents: readonly PageContent[];
  readonly labels: readonly string[];
  readonly title: string | undefined;
  readonly outline: readonly Heading[];
  readonly attachments: readonly string[];
  readonly wanted: Wanted;
  /** The file again, where its pictures are needed. */
  readonly bytes: Uint8Array | undefined;
}

async function readDrawn(bytes: Uint8Array, options: ReadOptions): Promise<Drawn> {
  const { pdf, close } = await openPdf(bytes, { password: options.password });
  try {
    const contents = await readContents(pdf, options);
    const wanted = await pagesToRecognise(pdf, contents, options);
    return {
      contents,
      labels: await labelsOf(pdf),
      title: await titleOf(pdf),
      outline: await outlineOf(pdf).catch(() => []),
      attachments: await attachmentsOf(pdf),
      wanted,
      bytes: wanted.pages.length > 0 ? await pdf.getData() : undefined,
    };
  } finally {
    await close();
  }
}

async function withRecognition({ contents, wanted, bytes }: Drawn, options: ReadOptions): Promise<Recognition> {
  if (!bytes) return { contents, recognised: new Map(), leftOut: [], notes: [] };
  const { pdf, close } = await openPdf(bytes, { password: options.password, pictures: true });
  try {
    return await recognisePages(pdf, contents, wanted, options);
  } finally {
    await close();
  }
}

async function readContents(pdf: PDFDocumentProxy, options: ReadOptions): Promise<PageContent[]> {
  const tagged = ((await pdf.getMarkInfo().catch(() => null)) as { Marked?: boolean } | null)?.Marked === true;
  const contents: PageContent[] = [];
  for (let number = 1; number <= pdf.numPages; number++) {
    throwIfCancelled(options.signal);
    await options.whenResumed?.();
    contents.push(await readPageContent(pdf, number, tagged));
    options.onProgress?.({ stage: 'reading', done: number, total: pdf.numPages });
  }
  return contents;
}

function withRecognised(page: Page, recognised: ReadonlyMap<number, RecognisedPage>): Page {
  const found = recognised.get(page.number);
  return found ? { ...page, recognised: found } : page;
}

/** Notes that say already why a page has no text. */
const UNREAD: ReadonlySet<Note['code']> = new Set(['recognition-offered', 'pictures-too-large']);

function notesFor(contents: readonly PageContent[], pages: readonly Page[], others: readonly Note[]): Note[] {
  const damaged = contents.filter((page) => page.damaged).map(({ number }) => number);
  const unread = others.flatMap((note) => (UNREAD.has(note.code) && 'pages' in note ? note.pages : []));
  const named = new Set([...damaged, ...unread]);
  const empty = pages.filter(({ text, number }) => text === '' && !named.has(number)).map(({ number }) => number);
  return [
    ...(damaged.length > 0 ? [{ code: 'pages-damaged' as const, pages: damaged }] : []),
    ...(empty.length > 0 ? [{ code: 'pages-without-text' as const, pages: empty }] : []),
  ];
}

function attachedNote(names: readonly string[]): Note[] {
  return names.length > 0 ? [{ code: 'attachments-left-out', names }] : [];
}
