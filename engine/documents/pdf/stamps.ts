/** Words of signatures and stamps: they are drawn by their annotations, and pdf.js does not count them as the page's text. */
import type { PDFPageProxy } from 'pdfjs-dist/legacy/build/pdf.mjs';
import type { PageAnnotation } from './annotations.ts';

const KINDS: ReadonlyMap<string, string> = new Map([
  ['Sig', 'Signature'],
  ['Stamp', 'Stamp'],
  ['Watermark', 'Watermark'],
]);
/** A step to the right between letters, in thousandths of their size, that is a space. */
const SPACE_STEP = -200;

interface Glyph {
  readonly unicode?: string;
}

/** A line for each signature and stamp that is shown with words. */
export async function stampLines(page: PDFPageProxy, annotations: readonly PageAnnotation[]): Promise<string[]> {
  const kinds = new Map<string, string>();
  for (const { id, subtype = '', fieldType = '', hidden } of annotations) {
    const kind = KINDS.get(subtype === 'Widget' ? fieldType : subtype);
    if (id !== undefined && kind !== undefined && !hidden) kinds.set(id, kind);
  }
  if (kinds.size === 0) return [];
  const words = await wordsOf(page).catch(() => new Map<string, string>());
  return [...kinds].flatMap(([id, kind]) => (words.get(id) ? [`${kind}: ${words.get(id)}`] : []));
}

/** What each annotation draws, by its id, with a space between its lines. */
async function wordsOf(page: PDFPageProxy): Promise<Map<string, string>> {
  const { OPS } = await import('pdfjs-dist/legacy/build/pdf.mjs');
  const { fnArray, argsArray } = await page.getOperatorList();
  const lines = new Set([OPS.moveText, OPS.setTextMatrix, OPS.nextLine, OPS.setLeadingMoveText]);
  const found = new Map<string, string>();
  let id: string | undefined;
  for (const [index, operator] of fnArray.entries()) {
    const [first] = (argsArray[index] ?? []) as unknown[];
    if (operator === OPS.beginAnnotation) id = String(first);
    else if (operator === OPS.endAnnotation) id = undefined;
    if (id === undefined) continue;
    if (lines.has(operator)) found.set(id, `${found.get(id) ?? ''} `);
    else if (operator === OPS.showText) found.set(id, (found.get(id) ?? '') + textOf(first));
  }
  return new Map([...found].map(([key, text]) => [key, text.replace(/\s+/g, ' ').trim()]));
}

function textOf(glyphs: unknown): string {
  if (!Array.isArray(glyphs)) return '';
  return (glyphs as readonly (Glyph | number | null)[])
    .map((glyph) => (typeof glyph === 'number' ? (glyph < SPACE_STEP ? ' ' : '') : (glyph?.unicode ?? '')))
    .join('');
}
