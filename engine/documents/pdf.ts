/** PDF through pdf.js: text in drawing order, page by page; repeated headers and footers dropped, hyphenation joined. */
import { getDocument, type PDFDocumentProxy, VerbosityLevel } from 'pdfjs-dist/legacy/build/pdf.mjs';
import { firstLineOf, ProximaError, throwIfCancelled } from '../errors.ts';
import type { Document, Heading, Page, ReadOptions } from './document.ts';
import { type TextRun, toLines, toParagraphs } from './pdf-lines.ts';
import { dropRepeatedEdges, joinLines } from './text-cleaning.ts';

export async function readPdf(bytes: Uint8Array, options: ReadOptions = {}): Promise<Document> {
  const { pdf, close } = await open(bytes, options.password);
  try {
    const { pages: paragraphs, unreadable } = await readPages(pdf, options);
    const pages = withoutRepeatedEdges(paragraphs);
    const title = await titleOf(pdf);
    const outline = await outlineOf(pdf).catch(() => []);
    return { title, pages, outline, warnings: warningsFor(pages, unreadable) };
  } finally {
    await close();
  }
}

async function open(
  bytes: Uint8Array,
  password: string | undefined,
): Promise<{ pdf: PDFDocumentProxy; close: () => Promise<void> }> {
  const task = getDocument({
    data: new Uint8Array(bytes), // pdf.js takes the array away from its owner.
    ...(password === undefined ? {} : { password }),
    isEvalSupported: false,
    enableXfa: false,
    useSystemFonts: false,
    disableFontFace: true,
    stopAtErrors: false,
    verbosity: VerbosityLevel.ERRORS,
  });
  try {
    return { pdf: await task.promise, close: () => task.destroy() };
  } catch (cause) {
    await task.destroy();
    throw openError(cause, password);
  }
}

function openError(cause: unknown, password: string | undefined): ProximaError {
  const name = cause instanceof Error ? cause.name : '';
  if (name === 'PasswordException' && password === undefined) {
    return new ProximaError('document-encrypted', { rights: 'password' });
  }
  if (name === 'PasswordException') {
    return new ProximaError('password-wrong');
  }
  return new ProximaError('document-damaged', { name: 'The PDF', reason: firstLineOf(cause) });
}

interface PageLines {
  readonly number: number;
  readonly paragraphs: readonly (readonly string[])[];
}

async function readPages(
  pdf: PDFDocumentProxy,
  options: ReadOptions,
): Promise<{ pages: PageLines[]; unreadable: number[] }> {
  const pages: PageLines[] = [];
  const unreadable: number[] = [];
  for (let number = 1; number <= pdf.numPages; number++) {
    throwIfCancelled(options.signal);
    try {
      pages.push({ number, paragraphs: await readPage(pdf, number) });
    } catch {
      unreadable.push(number);
      pages.push({ number, paragraphs: [] });
    }
    options.onProgress?.(number, pdf.numPages);
  }
  return { pages, unreadable };
}

async function readPage(pdf: PDFDocumentProxy, number: number): Promise<string[][]> {
  const page = await pdf.getPage(number);
  try {
    const content = await page.getTextContent();
    const runs = content.items.flatMap((item) => ('str' in item ? [toRun(item)] : []));
    return toParagraphs(toLines(runs));
  } finally {
    page.cleanup();
  }
}

function toRun(item: { str: string; transform: number[]; width: number; height: number; hasEOL: boolean }): TextRun {
  const [, , , , x = 0, y = 0] = item.transform;
  return { text: item.str, x, y, width: item.width, height: item.height, endsLine: item.hasEOL };
}

/** Paragraph borders are kept through the dropping of repeated lines by marking each paragraph's first line. */
function withoutRepeatedEdges(pages: readonly PageLines[]): Page[] {
  const mark = '\u0000';
  const marked = pages.map((page) =>
    page.paragraphs.flatMap((lines) => lines.map((line, index) => (index === 0 ? mark : '') + line)),
  );
  const kept = dropRepeatedEdges(marked);
  return pages.map((page, index) => {
    const paragraphs: string[][] = [];
    for (const line of kept[index] ?? []) {
      if (line.startsWith(mark) || paragraphs.length === 0) paragraphs.push([]);
      paragraphs.at(-1)?.push(line.replace(mark, ''));
    }
    return { number: page.number, text: paragraphs.map(joinLines).filter(Boolean).join('\n') };
  });
}

async function titleOf(pdf: PDFDocumentProxy): Promise<string | undefined> {
  const metadata = await pdf.getMetadata().catch(() => undefined);
  const info = metadata?.info as { Title?: unknown } | undefined;
  return typeof info?.Title === 'string' && info.Title.trim() !== '' ? info.Title.trim() : undefined;
}

async function outlineOf(pdf: PDFDocumentProxy): Promise<Heading[]> {
  const outline = (await pdf.getOutline()) ?? [];
  const headings: Heading[] = [];
  for (const item of outline) {
    const target = typeof item.dest === 'string' ? await pdf.getDestination(item.dest) : item.dest;
    const reference: unknown = target?.[0];
    if (typeof reference !== 'object' || reference === null) continue;
    const index = await pdf
      .getPageIndex(reference as Parameters<PDFDocumentProxy['getPageIndex']>[0])
      .catch(() => undefined);
    if (index !== undefined) headings.push({ title: item.title, page: index + 1 });
  }
  return headings;
}

function warningsFor(pages: readonly Page[], unreadable: readonly number[]): string[] {
  const empty = pages
    .filter((page) => page.text === '' && !unreadable.includes(page.number))
    .map((page) => page.number);
  return [
    ...(unreadable.length > 0 ? [`Damaged and not read: ${pageList(unreadable)}.`] : []),
    ...(empty.length > 0 ? [`Without text (blank or scanned pictures): ${pageList(empty)}.`] : []),
  ];
}

/** "page 3", "pages 3, 5–9". */
export function pageList(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  const texts = ranges.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`));
  return `${numbers.length === 1 ? 'page' : 'pages'} ${texts.join(', ')}`;
}
