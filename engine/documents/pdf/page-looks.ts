/** What a page of a PDF is to be read from: its own text, or a picture of it. */
import type { PDFDocumentProxy, PDFPageProxy } from 'pdfjs-dist/legacy/build/pdf.mjs';
import type { PageContent } from './page-content.ts';

/** A page with fewer letters may be a picture with a stamp on it. */
const FEW_LETTERS = 150;
/** Share of the page that a picture must cover, and drawn shapes that may be letters without text. */
const COVERED = 0.3;
const MANY_SHAPES = 60;

export type Legibility = 'text' | 'picture' | 'garbled' | 'blank';

/** `pdf` was opened without pictures, so that none has to be decoded for it. */
export async function legibilityOf(pdf: PDFDocumentProxy, content: PageContent): Promise<Legibility> {
  const text = content.segments.map((segment) => segment.text).join(' ');
  if (isGarbled(text)) return 'garbled';
  const letters = text.replace(/\s/g, '').length;
  if (letters >= FEW_LETTERS || content.damaged || content.lines.length > 0) return 'text';
  const { missing, shapes } = await lookAt(pdf, content.number);
  if (missing >= COVERED || (letters === 0 && shapes >= MANY_SHAPES)) return 'picture';
  return letters > 0 ? 'text' : 'blank';
}

/** Whether a good part of the page is a picture that was too large to be decoded. `pdf` was opened with its pictures. */
export async function lacksPicture(pdf: PDFDocumentProxy, number: number): Promise<boolean> {
  return (await lookAt(pdf, number)).missing >= COVERED;
}

const GARBAGE = /[\p{Co}\p{Cn}\p{Cc}\ufffd]+/gu;
const MEANINGFUL = /[\p{L}\p{N}\p{Sm}.…_·-]+/gu;
const GARBLED_SHARE = 0.3;
const MOST_MARKS = 0.6;
const FEWEST = 40;

/** Letters without meaning: codes that stand for none, or marks where there should be letters. */
export function isGarbled(text: string): boolean {
  const solid = text.replace(/\s/g, '');
  if (solid.length < FEWEST) return false;
  const garbage = solid.length - solid.replace(GARBAGE, '').length;
  const words = solid.length - solid.replace(MEANINGFUL, '').length;
  return garbage > solid.length * GARBLED_SHARE || words < solid.length * (1 - MOST_MARKS);
}

interface Looks {
  /** Share of the page where something was to be drawn and nothing is: pdf.js leaves out pictures over its limit. */
  readonly missing: number;
  readonly shapes: number;
}

async function lookAt(pdf: PDFDocumentProxy, number: number): Promise<Looks> {
  const page = await pdf.getPage(number);
  try {
    return await looksOf(page);
  } catch {
    return { missing: 0, shapes: 0 };
  } finally {
    page.cleanup();
  }
}

/** Between saving and restoring the graphics state. */
interface Level {
  /** Area of a unit square in it. */
  scale: number;
  scaled: boolean;
  painted: boolean;
}

async function looksOf(page: PDFPageProxy): Promise<Looks> {
  const { OPS } = await import('pdfjs-dist/legacy/build/pdf.mjs');
  const { fnArray, argsArray } = await page.getOperatorList();
  const painting = new Set([OPS.showText, OPS.shadingFill, OPS.paintImageXObject, OPS.paintImageMaskXObject]);
  const levels = new Levels();
  const steps: Readonly<Record<number, (values: readonly unknown[]) => void>> = {
    [OPS.save]: () => levels.open(undefined),
    [OPS.paintFormXObjectBegin]: ([matrix]) => levels.open(matrix),
    [OPS.restore]: () => levels.close(),
    [OPS.paintFormXObjectEnd]: () => levels.close(),
    [OPS.transform]: (matrix) => levels.scale(matrix),
    // A path that only ends is one to clip by.
    [OPS.constructPath]: ([painted]) => painted !== OPS.endPath && levels.draw(),
  };
  for (const [index, operator] of fnArray.entries()) {
    if (painting.has(operator)) levels.paint();
    else steps[operator]?.((argsArray[index] as unknown[] | null) ?? []);
  }
  const [left = 0, top = 0, right = 0, bottom = 0] = page.view;
  return {
    missing: levels.missing() / Math.max(1, Math.abs((right - left) * (bottom - top))),
    shapes: levels.shapes,
  };
}

class Levels {
  readonly #open: Level[] = [{ scale: 1, scaled: false, painted: false }];
  #missing = 0;
  shapes = 0;

  get #level(): Level {
    return this.#open.at(-1) ?? { scale: 1, scaled: false, painted: true };
  }

  open(matrix: unknown): void {
    this.#open.push({ ...this.#level, scaled: false, painted: false });
    if (matrix) this.#multiply(matrix);
  }

  scale(matrix: unknown): void {
    this.#multiply(matrix);
    this.#level.scaled = true;
  }

  paint(): void {
    this.#level.painted = true;
  }

  draw(): void {
    this.shapes += 1;
    this.paint();
  }

  close(): void {
    if (this.#open.length < 2) return;
    const closed = this.#open.pop();
    if (closed?.painted) this.paint();
    else if (closed?.scaled) this.#missing += closed.scale;
  }

  missing(): number {
    const { scaled, painted, scale } = this.#level;
    return this.#missing + (scaled && !painted ? scale : 0);
  }

  #multiply(matrix: unknown): void {
    const [a = 1, b = 0, c = 0, d = 1] = (Array.isArray(matrix) ? matrix : []) as number[];
    this.#level.scale *= Math.abs(a * d - b * c);
  }
}
