/** What a PDF page has: its runs, its structure, the values of its form fields, its comments. */
import type { PDFDocumentProxy, PDFPageProxy } from 'pdfjs-dist/legacy/build/pdf.mjs';
import { partRepeated, type Run, type Segment, toSegments } from '../layout/runs.ts';
import { commentsOf, fieldRuns, type PageAnnotation } from './annotations.ts';
import { framesOf, type TextContent } from './page-runs.ts';
import { stampLines } from './stamps.ts';
import type { StructureNode } from './tagged.ts';
import { xfaLines } from './xfa.ts';

export interface PageContent {
  readonly number: number;
  /** Of the frame that most of the page is in. */
  readonly segments: readonly Segment[];
  /** Of text that stands at an angle to it, a frame each. */
  readonly turned: readonly (readonly Segment[])[];
  readonly tree: StructureNode | undefined;
  /** What is drawn a second time at its own place. */
  readonly repeated: readonly string[];
  /** Lines of a form that stands nowhere on the page: its places are made when it is shown. */
  readonly lines: readonly string[];
  /** Comments and notes that hang on the page. */
  readonly comments: readonly string[];
  readonly damaged: boolean;
}

/** Never rejects: a page that can't be read is said to be damaged. */
export async function readPageContent(pdf: PDFDocumentProxy, number: number, tagged: boolean): Promise<PageContent> {
  try {
    const page = await pdf.getPage(number);
    try {
      return pdf.isPureXfa ? await xfaContent(page, number) : await contentOf(page, number, tagged);
    } finally {
      page.cleanup();
    }
  } catch {
    return { ...emptyContent(number), damaged: true };
  }
}

/** Of a page that has nothing of its own. */
export function emptyContent(number: number): PageContent {
  return { number, segments: [], turned: [], tree: undefined, repeated: [], lines: [], comments: [], damaged: false };
}

async function contentOf(page: PDFPageProxy, number: number, tagged: boolean): Promise<PageContent> {
  const content = (await page.getTextContent({ includeMarkedContent: tagged })) as unknown as TextContent;
  const annotations = (await page.getAnnotations().catch(() => [])) as PageAnnotation[];
  const viewport = page.getViewport({ scale: 1 });
  const frames = framesOf(content, viewport.transform).map((runs) => partRepeated(runs));
  const [main = { kept: [], repeated: [] }, ...turned] = frames;
  const fields = annotations.length > 0 ? fieldRuns(annotations, viewport, main.kept) : [];
  return {
    number,
    segments: toSegments(withFields(main.kept, fields)),
    turned: turned.map(({ kept }) => toSegments(kept)),
    // The tree does not say where a field's value belongs: beside what is printed there.
    tree:
      tagged && fields.length === 0 ? ((await page.getStructTree().catch(() => undefined)) ?? undefined) : undefined,
    repeated: frames.flatMap(({ repeated }) => toSegments(repeated).map(({ text }) => text)),
    lines: [],
    comments: [...commentsOf(annotations), ...(await stampLines(page, annotations))],
    damaged: false,
  };
}

/** A value counts as drawn right after what is drawn on its line. */
function withFields(runs: readonly Run[], fields: readonly Run[]): Run[] {
  const last = runs.at(-1)?.order ?? 0;
  return [
    ...runs,
    ...fields.map((field, index) => {
      const beside = runs.filter((run) => run.text.trim() !== '' && Math.abs(run.y - field.y) < field.height);
      const order = beside.length === 0 ? last + 1 : Math.max(...beside.map((run) => run.order));
      return { ...field, order: order + (index + 1) / (fields.length + 1) };
    }),
  ];
}

async function xfaContent(page: PDFPageProxy, number: number): Promise<PageContent> {
  return { ...emptyContent(number), lines: xfaLines(await page.getXfa()) };
}
