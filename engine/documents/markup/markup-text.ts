/** The text of markup, a line a block: headings marked, lists with their bullets, tables as Markdown, pictures by their words. */
import { type Cells, markdownTable } from '../layout/tables.ts';
import { headingLine, unmarked } from '../marked-headings.ts';
import { parseMarkup } from './parse-markup.ts';

const BLOCKS = new Set(
  'ADDRESS ARTICLE ASIDE BLOCKQUOTE BODY CAPTION DD DETAILS DIV DL DT FIELDSET FIGCAPTION FIGURE FOOTER FORM HEADER LEGEND LI MAIN NAV OL P PRE SECTION SUMMARY TABLE TBODY TD TFOOT TH THEAD TR UL'.split(
    ' ',
  ),
);
const SILENT = new Set(['SCRIPT', 'STYLE', 'NOSCRIPT', 'TEMPLATE', 'HEAD', 'OBJECT']);
/** Deepest nesting that is followed; what is deeper is read without its structure. */
const DEEPEST = 200;

export interface MarkupNode {
  readonly nodeType: number;
  readonly nodeName: string;
  readonly textContent: string | null;
  readonly childNodes: ArrayLike<MarkupNode>;
  getAttribute?(name: string): string | null;
}

/** Headings are marked (`marked-headings.ts`). */
export function markupText(markup: string): string {
  // Not the body: pages without one, or with something before their head, have their text beside it.
  return linesOf(parseMarkup(markup).documentElement as unknown as MarkupNode).join('\n');
}

/** The lines of a node, without empty ones. */
export function linesOf(node: MarkupNode): string[] {
  const lines: string[] = [''];
  collect(node, lines, 0);
  return lines.map((line) => line.replace(/[^\S\n]+/g, ' ').trim()).filter(Boolean);
}

/** All on one line: a heading within it is none of the document's. */
function lineOf(node: MarkupNode): string {
  return linesOf(node).map(unmarked).join(' ');
}

function collect(node: MarkupNode, lines: string[], depth: number): void {
  for (const child of Array.from(node.childNodes)) {
    const name = child.nodeName.toUpperCase();
    if (child.nodeType === 3) append(lines, (child.textContent ?? '').replace(/\s+/g, ' '));
    else if (child.nodeType === 1 && !SILENT.has(name)) collectElement(child, name, lines, depth + 1);
  }
}

function append(lines: string[], text: string): void {
  lines[lines.length - 1] += text;
}

function collectElement(node: MarkupNode, name: string, lines: string[], depth: number): void {
  const special = SPECIAL[name];
  if (depth > DEEPEST) append(lines, ` ${node.textContent ?? ''} `);
  else if (special) special(node, lines, depth);
  else if (/^H[1-6]$/.test(name)) collectHeading(node, Number(name[1]), lines);
  else {
    const block = BLOCKS.has(name);
    if (block) lines.push('');
    collect(node, lines, depth);
    if (block) lines.push('');
  }
}

const SPECIAL: Readonly<Record<string, (node: MarkupNode, lines: string[], depth: number) => void>> = {
  BR: (_, lines) => lines.push(''),
  HR: (_, lines) => lines.push(''),
  IMG: (node, lines) => append(lines, pictureWords(node)),
  IMAGE: (node, lines) => append(lines, pictureWords(node)),
  INPUT: (node, lines) => append(lines, inputWords(node)),
  PRE: (node, lines) => lines.push(...(node.textContent ?? '').split('\n'), ''),
  UL: (node, lines, depth) => collectList(node, () => '- ', lines, depth),
  OL: (node, lines, depth) => {
    const first = Number(node.getAttribute?.('start') ?? 1) || 1;
    collectList(node, (index) => `${first + index}. `, lines, depth);
  },
  TABLE: (node, lines, depth) => collectTable(node, lines, depth),
  // Labels of a drawing: a line each.
  SVG: (node, lines) => lines.push(...elements(node, 'TEXT').map(lineOf), ''),
};

function pictureWords(node: MarkupNode): string {
  const words = node.getAttribute?.('alt')?.replace(/\s+/g, ' ').trim() ?? '';
  return words === '' ? '' : ` [Picture: ${words}] `;
}

function inputWords(node: MarkupNode): string {
  const type = node.getAttribute?.('type')?.toLowerCase() ?? 'text';
  const checked = node.getAttribute?.('checked');
  if (type === 'checkbox' || type === 'radio') return checked === null || checked === undefined ? '[ ] ' : '[x] ';
  return ['hidden', 'password', 'button', 'submit'].includes(type) ? '' : ` ${node.getAttribute?.('value') ?? ''} `;
}

function collectHeading(node: MarkupNode, level: number, lines: string[]): void {
  const title = lineOf(node);
  if (title !== '') lines.push(headingLine(title, level));
  lines.push('');
}

function collectList(node: MarkupNode, marker: (index: number) => string, lines: string[], depth: number): void {
  let index = 0;
  for (const child of Array.from(node.childNodes)) {
    lines.push('');
    if (child.nodeName.toUpperCase() !== 'LI') collect(holding(child), lines, depth);
    else {
      const own: string[] = [''];
      collect(child, own, depth + 1);
      const [first = '', ...others] = own.filter((line) => line.trim() !== '');
      lines.push(`${marker(index)}${unmarked(first.trim())}`, ...others, '');
      index += 1;
    }
  }
}

/** Tables that only lay a page out are read as what they hold. */
function collectTable(node: MarkupNode, lines: string[], depth: number): void {
  const rows = elements(node, 'TR', 'TABLE');
  const cells = tableCells(rows);
  const columns = Math.max(0, ...cells.map((row) => row.length));
  const nested = elements(node, 'TABLE').length > 0;
  for (const caption of elements(node, 'CAPTION', 'TABLE')) lines.push(lineOf(caption));
  if (!nested && columns > 1 && rows.length > 1) lines.push('', ...markdownTable(cells), '');
  else {
    for (const row of rows) {
      lines.push('');
      for (const cell of cellElements(row)) {
        if (nested) lines.push('');
        collect(cell, lines, depth);
        append(lines, ' ');
      }
    }
    lines.push('');
  }
}

/** Descendants by name, not looking into `border` elements. */
function elements(node: MarkupNode, name: string, border?: string): MarkupNode[] {
  return Array.from(node.childNodes).flatMap((child) => {
    const own = child.nodeName.toUpperCase();
    if (own === name) return [child];
    return own === border || child.nodeType !== 1 ? [] : elements(child, name, border);
  });
}

function cellElements(row: MarkupNode): MarkupNode[] {
  return Array.from(row.childNodes).filter(({ nodeName }) => /^t[dh]$/i.test(nodeName));
}

const WIDEST = 1000;

/** A cell over several rows or columns stands in its first, the others are empty. */
function tableCells(rows: readonly MarkupNode[]): Cells {
  const cells: string[][] = rows.map(() => []);
  for (const [index, row] of rows.entries()) {
    let column = 0;
    for (const cell of cellElements(row)) {
      while (cells[index]?.[column] !== undefined) column += 1;
      const across = span(cell, 'colspan');
      for (const covered of cells.slice(index, index + span(cell, 'rowspan'))) takePlace(covered, column, across);
      const own = cells[index];
      if (own) own[column] = lineOf(cell);
      column += across;
    }
  }
  return cells.map((row) => Array.from(row, (text) => text ?? ''));
}

function takePlace(row: string[], column: number, across: number): void {
  for (let right = 0; right < across; right++) row[column + right] = '';
}

function span(cell: MarkupNode, name: string): number {
  const value = Number(cell.getAttribute?.(name) ?? 1);
  return Number.isInteger(value) && value > 0 ? Math.min(value, WIDEST) : 1;
}

function holding(child: MarkupNode): MarkupNode {
  return { nodeType: 1, nodeName: 'DIV', textContent: null, childNodes: [child] };
}
