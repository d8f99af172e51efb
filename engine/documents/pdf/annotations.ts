/** Form fields and comments of a PDF page. A field's value is put where the field stands, so that it is read beside its label. */
import type { Run } from '../layout/runs.ts';

/** As pdf.js gives it; only what is used here. */
export interface PageAnnotation {
  readonly id?: string;
  readonly subtype?: string;
  readonly rect: readonly number[];
  readonly fieldType?: string;
  readonly fieldName?: string;
  readonly fieldValue?: unknown;
  readonly alternativeText?: string;
  readonly checkBox?: boolean;
  readonly radioButton?: boolean;
  readonly pushButton?: boolean;
  readonly exportValue?: string;
  readonly buttonValue?: string;
  readonly hidden?: boolean;
  readonly options?: readonly { readonly exportValue?: string; readonly displayValue?: string }[];
  readonly contentsObj?: { readonly str: string };
  readonly titleObj?: { readonly str: string };
  readonly richText?: { readonly str?: string };
}

export interface Viewport {
  convertToViewportRectangle(rectangle: number[]): number[];
}

const LINE_HEIGHT = 12;
const LETTER_WIDTH = 0.5;

/** Runs for the values of a page's fields. A field with no printed label beside it brings its own name. */
export function fieldRuns(annotations: readonly PageAnnotation[], viewport: Viewport, printed: readonly Run[]): Run[] {
  return annotations
    .filter(({ subtype, hidden, pushButton }) => subtype === 'Widget' && !hidden && !pushButton)
    .flatMap((field) => fieldRun(field, viewport, printed));
}

function fieldRun(field: PageAnnotation, viewport: Viewport, printed: readonly Run[]): Run[] {
  const value = shownValue(field);
  if (value === '') return [];
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = viewport.convertToViewportRectangle([...field.rect]);
  const place = { left: Math.min(x1, x2), top: Math.min(y1, y2), right: Math.max(x1, x2), bottom: Math.max(y1, y2) };
  const label = hasLabel(place, printed) ? '' : nameOf(field);
  const lines = (label === '' ? value : `${label}: ${value}`).split(/\r\n?|\n/);
  const height = Math.min(LINE_HEIGHT, Math.max(6, (place.bottom - place.top) * 0.7));
  const single = lines.length === 1 || place.bottom - place.top < LINE_HEIGHT * 2;
  return (single ? [lines.join(' ')] : lines).map((text, index) => ({
    text,
    x: place.left + 1,
    y: single ? place.bottom - (place.bottom - place.top - height * 0.7) / 2 : place.top + height * (index + 1),
    width: Math.max(1, Math.min(text.length * height * LETTER_WIDTH, place.right - place.left - 2)),
    height,
    rightToLeft: false,
    order: 0,
    mark: undefined,
  }));
}

function shownValue(field: PageAnnotation): string {
  if (field.checkBox) return field.fieldValue === field.exportValue && field.fieldValue !== 'Off' ? '[x]' : '[ ]';
  if (field.radioButton) return field.fieldValue === field.buttonValue ? '[x]' : '[ ]';
  if (field.fieldType === 'Sig') return '';
  const values = Array.isArray(field.fieldValue) ? field.fieldValue : [field.fieldValue];
  return values
    .filter((value): value is string => typeof value === 'string')
    .map((value) => field.options?.find((option) => option.exportValue === value)?.displayValue ?? value)
    .join(', ')
    .trim();
}

function nameOf({ alternativeText, fieldName }: PageAnnotation): string {
  return (
    alternativeText ||
    fieldName
      ?.split('.')
      .at(-1)
      ?.replace(/\[\d+\]$/, '') ||
    ''
  ).trim();
}

interface Place {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Text on the field's own line, or close above it. */
function hasLabel({ left, top, right, bottom }: Place, printed: readonly Run[]): boolean {
  return printed.some((run) => {
    if (run.text.trim() === '') return false;
    const beside = run.y > top - 4 && run.y - run.height * 0.5 < bottom;
    const above = run.y <= top + 2 && run.y > top - run.height * 1.6 && run.x < right && run.x + run.width > left - 4;
    return beside || above;
  });
}

/** Links, fields, and windows that only show what another annotation says. */
const NO_COMMENTS = new Set([
  'Link',
  'Widget',
  'Popup',
  'Screen',
  'Movie',
  'Sound',
  'TrapNet',
  'Watermark',
  'PrinterMark',
]);

/** A line for each comment or typewritten note. */
export function commentsOf(annotations: readonly PageAnnotation[]): string[] {
  return annotations.flatMap(({ subtype = '', contentsObj, titleObj, richText }) => {
    const text = (contentsObj?.str || richText?.str || '').replace(/\s+/g, ' ').trim();
    if (NO_COMMENTS.has(subtype) || text === '') return [];
    if (subtype === 'FreeText') return [`Note: ${text}`];
    return [titleObj?.str ? `Comment (${titleObj.str.trim()}): ${text}` : `Comment: ${text}`];
  });
}
