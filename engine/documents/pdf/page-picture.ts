/** A page of a PDF as it is shown. */
import type { PDFDocumentProxy } from 'pdfjs-dist/legacy/build/pdf.mjs';
import { greyOf, portableGreyMap, wipeRules } from '../recognition/grey-map.ts';
import type { Picture } from '../recognition/recogniser.ts';
import { MOST_PIXELS } from './open-pdf.ts';

const DOTS_PER_INCH = 300;
const POINTS_PER_INCH = 72;

interface Drawing {
  readonly canvas: { width: number; height: number };
  readonly context: { getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray } };
}

/** At 300 dpi or what bounds allow, in grey. */
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
