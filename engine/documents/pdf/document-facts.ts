/** What a PDF says of itself: its title where that is one, its pages' labels, its outline, its attachments. */
import type { PDFDocumentProxy } from 'pdfjs-dist/legacy/build/pdf.mjs';
import type { Heading } from '../document.ts';
import { asTitle } from '../titles.ts';

export async function titleOf(pdf: PDFDocumentProxy): Promise<string | undefined> {
  const metadata = await pdf.getMetadata().catch(() => undefined);
  const { Title } = (metadata?.info ?? {}) as { Title?: unknown };
  return typeof Title === 'string' ? asTitle(Title) : undefined;
}

/** As the file calls its pages, where it does. */
export async function labelsOf(pdf: PDFDocumentProxy): Promise<readonly string[]> {
  return (await pdf.getPageLabels().catch(() => null)) ?? [];
}

export async function attachmentsOf(pdf: PDFDocumentProxy): Promise<string[]> {
  const attachments = (await pdf.getAttachments().catch(() => null)) as Record<string, { filename: string }> | null;
  return Object.values(attachments ?? {}).map(({ filename }) => filename);
}

const MOST_HEADINGS = 5000;
const DEEPEST = 8;

interface OutlineItem {
  readonly title: string;
  readonly dest: string | unknown[] | null;
  readonly items: readonly OutlineItem[];
}

export async function outlineOf(pdf: PDFDocumentProxy): Promise<Heading[]> {
  const headings: Heading[] = [];
  const pages = new Map<string, Promise<number | undefined>>();
  const add = async (items: readonly OutlineItem[], level: number): Promise<void> => {
    for (const item of items) {
      if (headings.length >= MOST_HEADINGS || level > DEEPEST) return;
      const page = await pageOf(pdf, item.dest, pages);
      if (page !== undefined && item.title.trim() !== '') headings.push({ title: item.title.trim(), page, level });
      await add(item.items, level + 1);
    }
  };
  await add(((await pdf.getOutline()) ?? []) as OutlineItem[], 1);
  return headings;
}

async function pageOf(
  pdf: PDFDocumentProxy,
  destination: OutlineItem['dest'],
  pages: Map<string, Promise<number | undefined>>,
): Promise<number | undefined> {
  const target = typeof destination === 'string' ? await pdf.getDestination(destination) : destination;
  const reference: unknown = target?.[0];
  if (typeof reference === 'number') return reference < pdf.numPages ? reference + 1 : undefined;
  if (typeof reference !== 'object' || reference === null) return undefined;
  const key = JSON.stringify(reference);
  const known = pages.get(key);
  if (known) return known;
  const page = pdf.getPageIndex(reference as Parameters<PDFDocumentProxy['getPageIndex']>[0]).then(
    (index) => index + 1,
    () => undefined,
  );
  pages.set(key, page);
  return page;
}
