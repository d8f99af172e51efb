/** PDF through pdf.js: what each page draws, in reading order, with tables, form values and comments. */
import type { PDFDocumentProxy } from 'pdfjs-dist/legacy/build/pdf.mjs';
import { throwIfCancelled } from '../../errors.ts';
import { type Document, documentOf, type Note, type Page, type ReadOptions } from '../document.ts';
import type { RecognisedPage } from '../recognition/recogniser.ts';
import { composePages } from './compose-pages.ts';
import { attachmentsOf, labelsOf, outlineOf, titleOf } from './document-facts.ts';
import { openPdf } from './open-pdf.ts';
import { type PageContent, readPageContent } from './page-content.ts';
import { recognisePages } from './recognise-pages.ts';

export async function readPdf(bytes: Uint8Array, options: ReadOptions = {}): Promise<Document> {
  const { pdf, close } = await openPdf(new Uint8Array(bytes), options.password);
  try {
    const drawn = await readContents(pdf, options);
    const { contents, recognised, leftOut, notes } = await recognisePages(pdf, drawn, options);
    const composed = composePages(contents, await labelsOf(pdf));
    const outline = await outlineOf(pdf).catch(() => []);
    const pages = composed.pages.map((page) => withRecognised(page, recognised));
    return documentOf(pages, {
      title: (await titleOf(pdf)) ?? composed.headings[0]?.title,
      outline: outline.length > 0 ? outline : composed.headings,
      leftOut: [...composed.leftOut, ...leftOut],
      notes: [...notesFor(contents, pages, notes), ...notes, ...attachedNote(await attachmentsOf(pdf))],
    });
  } finally {
    await close();
  }
}

async function readContents(pdf: PDFDocumentProxy, options: ReadOptions): Promise<PageContent[]> {
  const tagged = ((await pdf.getMarkInfo().catch(() => null)) as { Marked?: boolean } | null)?.Marked === true;
  const contents: PageContent[] = [];
  let read = 0;
  for (let number = 1; number <= pdf.numPages; number++) {
    throwIfCancelled(options.signal);
    const content = await readPageContent(pdf, number, tagged);
    contents.push(content);
    // Pages without text may have to be recognised yet.
    if (content.segments.length > 0 || content.damaged) read += 1;
    options.onProgress?.(read, pdf.numPages);
  }
  return contents;
}

function withRecognised(page: Page, recognised: ReadonlyMap<number, RecognisedPage>): Page {
  const found = recognised.get(page.number);
  return found ? { ...page, recognised: found } : page;
}

function notesFor(contents: readonly PageContent[], pages: readonly Page[], others: readonly Note[]): Note[] {
  const damaged = contents.filter((page) => page.damaged).map(({ number }) => number);
  const offered = others.flatMap((note) => (note.code === 'recognition-offered' ? note.pages : []));
  const named = new Set([...damaged, ...offered]);
  const empty = pages.filter(({ text, number }) => text === '' && !named.has(number)).map(({ number }) => number);
  return [
    ...(damaged.length > 0 ? [{ code: 'pages-damaged' as const, pages: damaged }] : []),
    ...(empty.length > 0 ? [{ code: 'pages-without-text' as const, pages: empty }] : []),
  ];
}

function attachedNote(names: readonly string[]): Note[] {
  return names.length > 0 ? [{ code: 'attachments-left-out', names }] : [];
}
