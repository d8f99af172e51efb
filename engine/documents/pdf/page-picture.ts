/** Which pages of a PDF are pictures of text, and how they look. */
import type { PDFDocumentProxy, PDFPageProxy } from 'pdfjs-dist/legacy/build/pdf.mjs';
import { greyOf, portableGreyMap, wipeRules } from '../recognition/grey-map.ts';
import type { Picture } from '../recognition/recogniser.ts';
import { MOST_PIXELS } from './open-pdf.ts';
import type { PageContent } from './page-content.ts';

const DOTS_PER_INCH = 300;
const POINTS_PER_INCH = 72;
/** A page with fewer letters may be a picture with a stamp on it. */
const FEW_LETTERS = 150;
/** Share of the page that a picture must cover, and drawn shapes that may be letters without text. */
const COVERED = 0.3;
const MANY_SHAPES = 60;

export type Legibility = 'text' | 'picture' | 'garbled' | 'blank';

/** What a page is to be read from. */
export async function legibilityOf(pdf: PDFDocumentProxy, content: PageContent): Promise<Legibility> {
  const text = content.segments.map((segment) => segment.text).join(' ');
  if (isGarbled(text)) return 'garbled';
  const letters = text.replace(/\s/g, '').length;
  if (letters >= FEW_LETTERS || content.damaged) return 'text';
  const page = await pdf.getPage(content.number);
  const { covered, shapes } = await paintedOn(page).catch(() => ({ covered: 0, shapes: 0 }));
  page.cleanup();
  if (covered >= COVERED || (letters === 0 && shapes >= MANY_SHAPES)) return 'picture';
  return letters > 0 ? 'text' : 'blank';
}

const GARBAGE = /[\p{Co}\p{Cn}\p{Cc}\ufffd]/gu;
const GARBLED_SHARE = 0.3;
const MOST_MARKS = 0.6;
const FEWEST = 40;

/** Letters without meaning: codes that stand for none, or marks where there should be letters. */
export function isGarbled(text: string): boolean {
  const solid = text.replace(/\s/g, '');
  if (solid.length < FEWEST) return false;
  const garbage = solid.match(GARBAGE)?.length ?? 0;
  const words = solid.match(/[\p{L}\p{N}\p{Sm}.…_·-]/gu)?.length ?? 0;
  return garbage > solid.length * GARBLED_SHARE || words < solid.length * (1 - MOST_MARKS);
}

/** Share of the page that pictures cover, and how many shapes are drawn. */
async function paintedOn(page: PDFPageProxy): Promise<{ covered: number; shapes: number }> {
  const { OPS } = await import('pdfjs-dist/legacy/build/pdf.mjs');
  const pictures = new Set([OPS.paintImageXObject, OPS.paintInlineImageXObject, OPS.paintImageMaskXObject]);
  const { fnArray, argsArray } = await page.getOperatorList();
  const [left = 0, top = 0, right = 0, bottom = 0] = page.view;
  const saved: number[] = [];
  let scale = 1;
  let area = 0;
  let shapes = 0;
  for (const [index, operator] of fnArray.entries()) {
    if (operator === OPS.save) saved.push(scale);
    else if (operator === OPS.restore) scale = saved.pop() ?? 1;
    else if (operator === OPS.transform) scale *= areaOf(argsArray[index] as number[]);
    else if (pictures.has(operator)) area += scale;
    else if (operator === OPS.constructPath) shapes += 1;
  }
  return { covered: area / Math.max(1, Math.abs((right - left) * (bottom - top))), shapes };
}

/** What a transform makes of an area of 1. */
function areaOf([a = 1, b = 0, c = 0, d = 1]: readonly number[]): number {
  return Math.abs(a * d - b * c);
}

interface Drawing {
  readonly canvas: { width: number; height: number };
  readonly context: { getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray } };
}

/** The page as it is shown, at 300 dpi or what bounds allow, in grey. */
export async function pictureOf(pdf: PDFDocumentProxy, number: number): Promise<Picture> {
  const page = await pdf.getPage(number);
  const natural = page.getViewport({ scale: 1 });
  const most = Math.sqrt(MOST_PIXELS / Math.max(1, natural.width * natural.height));
  const viewport = page.getViewport({ scale: Math.min(DOTS_PER_INCH / POINTS_PER_INCH, most) });
  const [width, height] = [Math.max(1, Math.floor(viewport.width)), Math.max(1, Math.floor(viewport.height))];
  const factory = pdf.canvasFactory as {
    create(width: number, height: number): Drawing;
    destroy(drawing: Drawing): void;
  };
  const drawing = factory.create(width, height);
  try {
    await page.render({ canvas: drawing.canvas as never, canvasContext: drawing.context as never, viewport }).promise;
    const { data } = drawing.context.getImageData(0, 0, width, height);
    const grey = greyOf(data, width, height);
    wipeRules(grey);
    return { bytes: portableGreyMap(grey), width, height, scale: 1 / viewport.scale };
  } finally {
    page.cleanup();
    factory.destroy(drawing);
  }
}
