/** Spreadsheets through SheetJS: each sheet a table with its values as they are shown, and the comments on its cells. */
import type { CellObject, ParsingOptions, WorkBook, WorkSheet } from '@e965/xlsx';
import { firstLineOf, ProximaError } from '../../errors.ts';
import { type Document, documentOf, type Note, type Page } from '../document.ts';
import { markdownTable } from '../layout/tables.ts';
import { headingLine, paginateMarked } from '../marked-headings.ts';
import { decodeText } from '../plain-text.ts';
import { readArchive } from './archive.ts';
import { coreTitle } from './docx.ts';
import { drawingLines } from './drawings.ts';

const MOST_ROWS = 100_000;

export async function readXlsx(bytes: Uint8Array): Promise<Document> {
  const members = await readArchive(bytes);
  const book = await open(bytes, { type: 'array', cellNF: true });
  return sheetsOf(book, { title: coreTitle(members), drawn: drawingLines(members, 'xl') });
}

/** ODS, which SheetJS reads too. */
export const readOpenSheets = readXlsx;

export async function readCsv(bytes: Uint8Array): Promise<Document> {
  const { text, notes } = decodeText(bytes);
  const lines = text.match(/\r\n?|\n/g)?.length ?? 0;
  return sheetsOf(await open(text, { type: 'string', raw: true }), { notes, named: false, lines });
}

async function open(content: Uint8Array | string, options: ParsingOptions): Promise<WorkBook> {
  try {
    const { read } = await import('@e965/xlsx');
    return read(content, { ...options, dense: true, sheetRows: MOST_ROWS + 1 });
  } catch (cause) {
    throw new ProximaError('document-damaged', { name: 'The spreadsheet', reason: firstLineOf(cause) });
  }
}

interface More {
  readonly title?: string | undefined;
  readonly notes?: readonly Note[];
  /** Whether the sheets' names are said. */
  readonly named?: boolean;
  /** Text boxes, diagrams and charts. */
  readonly drawn?: ReturnType<typeof drawingLines>;
  /** Line breaks of a CSV file: SheetJS does not say how many rows there were. */
  readonly lines?: number;
}

function sheetsOf(
  book: WorkBook,
  { title, notes = [], named = true, lines: breaks = 0, drawn = { lines: [], notes: [] } }: More,
): Document {
  const pages: Page[] = [];
  const outline: { title: string; page: number; level: number }[] = [];
  const cuts: Note[] = [];
  for (const name of book.SheetNames) {
    const sheet = book.Sheets[name];
    const lines = sheet ? sheetLines(sheet) : [];
    if (sheet) cuts.push(...cutNote(sheet, breaks));
    if (lines.length === 0) continue;
    const text = [...(named ? [headingLine(name, 1)] : []), ...lines].join('\n');
    const part = paginateMarked(text, pages.length);
    pages.push(...part.pages);
    outline.push(...part.headings);
  }
  pages.push(...paginateMarked(drawn.lines.join('\n'), pages.length).pages);
  return documentOf(pages, { title, outline, notes: [...notes, ...cuts, ...drawn.notes] });
}

function cutNote(sheet: WorkSheet, lines: number): Note[] {
  const full = (sheet as { '!fullref'?: string })['!fullref'];
  const seen = sheet['!data']?.length ?? 0;
  const rows = Math.max(Number(/\d+$/.exec(full ?? '')?.[0] ?? 0), seen > MOST_ROWS ? lines : 0);
  return rows > MOST_ROWS ? [{ code: 'read-partly', what: 'rows', read: MOST_ROWS, of: rows }] : [];
}

/** Empty rows and columns are no part of the table; what a file says of its own size is not believed. */
function sheetLines(sheet: WorkSheet): string[] {
  const rows: Map<number, string>[] = [];
  const comments: string[] = [];
  const columns = new Set<number>();
  // Rows and cells that a file skips are holes here, which `forEach` skips too.
  ((sheet['!data'] ?? []) as CellObject[][]).slice(0, MOST_ROWS).forEach((row, index) => {
    const cells = new Map<number, string>();
    row.forEach((cell, column) => {
      const text = shown(cell);
      if (text !== '') cells.set(column, text);
      comments.push(...commentsOn(cell, index, column));
    });
    for (const column of cells.keys()) columns.add(column);
    if (cells.size > 0) rows.push(cells);
  });
  return [...tableLines(rows, columns), ...comments];
}

function tableLines(rows: readonly ReadonlyMap<number, string>[], columns: ReadonlySet<number>): string[] {
  if (columns.size < 2) return rows.flatMap((row) => [...row.values()]);
  const filled = [...columns].sort((a, b) => a - b);
  return markdownTable(rows.map((row) => filled.map((column) => row.get(column) ?? '')));
}

function commentsOn(cell: CellObject | undefined, row: number, column: number): string[] {
  const address = `${columnName(column)}${row + 1}`;
  return (cell?.c ?? []).map(({ t = '' }) => `Comment (${address}): ${t.trim()}`);
}

/** A for 0, Z for 25, AA for 26. */
function columnName(column: number): string {
  const last = String.fromCharCode(65 + (column % 26));
  return column < 26 ? last : columnName(Math.floor(column / 26) - 1) + last;
}

/** As the program shows it: dates and amounts by their format. */
function shown(cell: CellObject | undefined): string {
  if (!cell || cell.t === 'z') return '';
  const text = cell.w ?? (cell.v === undefined ? '' : String(cell.v));
  return text.replace(/\s+/g, ' ').trim();
}
