/** PDF through pdf.js: what each page draws, in reading order, with tables, form values and comments. */
import type { PDFDocumentProxy } from 'pdfjs-dist/legacy/build/pdf.mjs';
import { throwIfCancelled } from '../../errors.ts';
import { type Document, documentOf, type Note, type ReadOptions } from '../document.ts';
import { composePages } from './compose-pages.ts';
import { attachmentsOf, labelsOf, outlineOf, titleOf } from './document-facts.ts';
import { openPdf } from './open-pdf.ts';
import { type PageContent, readPageContent } from './page-content.ts';

export async function readPdf(bytes: Uint8Array, options: ReadOptions = {}): Promise<Document> {
  const { pdf, close } = await openPdf(new Uint8Array(bytes), options.password);
  try {
    const contents = await readContents(pdf, options);
    const composed = composePages(contents, await labelsOf(pdf));
    const outline = await outlineOf(pdf).catch(() => []);
    const attachments = await attachmentsOf(pdf);
    return documentOf(composed.pages, {
      title: (await titleOf(pdf)) ?? composed.headings[0]?.title,
      outline: outline.length > 0 ? outline : composed.headings,
      leftOut: composed.leftOut,
      notes: notesFor(contents, composed.pages, attachments),
    });
  } finally {
    await close();
  }
}

async function readContents(pdf: PDFDocumentProxy, options: ReadOptions): Promise<PageContent[]> {
  const tagged = ((await pdf.getMarkInfo().catch(() => null)) as { Marked?: boolean } | null)?.Marked === true;
  const contents: PageContent[] = [];
  for (let number = 1; number <= pdf.numPages; number++) {
    throwIfCancelled(options.signal);
    contents.push(await readPageContent(pdf, number, tagged));
    options.onProgress?.(number, pdf.numPages);
  }
  return contents;
}

function notesFor(
  contents: readonly PageContent[],
  pages: Document['pages'],
  attachments: readonly string[],
): readonly Note[] {
  const damaged = contents.filter((page) => page.damaged).map(({ number }) => number);
  const empty = pages
    .filter(({ text, number }) => text === '' && !damaged.includes(number))
    .map(({ number }) => number);
  return [
    ...(damaged.length > 0 ? [{ code: 'pages-damaged' as const, pages: damaged }] : []),
    ...(empty.length > 0 ? [{ code: 'pages-without-text' as const, pages: empty }] : []),
    ...(attachments.length > 0 ? [{ code: 'attachments-left-out' as const, names: attachments }] : []),
  ];
}
