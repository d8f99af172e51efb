/** HTML: the article by Mozilla's Readability where there is one, else the whole body. Scripts never run. */
import { Readability } from '@mozilla/readability';
import { parseHTML } from 'linkedom';
import { type Document, paginate } from './document.ts';
import { decodeText } from './plain-text.ts';

const BLOCKS = new Set(
  'ADDRESS ARTICLE ASIDE BLOCKQUOTE DD DIV DL DT FIGCAPTION FOOTER H1 H2 H3 H4 H5 H6 HEADER LI MAIN NAV OL P PRE SECTION TABLE TR UL'.split(
    ' ',
  ),
);
const SILENT = new Set(['SCRIPT', 'STYLE', 'NOSCRIPT', 'TEMPLATE', 'HEAD']);

interface MarkupNode {
  readonly nodeType: number;
  readonly nodeName: string;
  readonly textContent: string | null;
  readonly childNodes: ArrayLike<MarkupNode>;
}

export function readHtml(bytes: Uint8Array): Document {
  const { text, warnings } = decodeText(bytes);
  const { text: content, title, whole } = articleOf(text);
  const notes = whole
    ? warnings
    : [...warnings, 'Only the main article of the page was read; menus and asides were left out.'];
  return { title: title || undefined, pages: paginate(content), outline: [], warnings: notes };
}

function articleOf(markup: string): { text: string; title: string; whole: boolean } {
  const { document } = parseHTML(markup);
  const body = markupText(markup);
  const article = document.body ? new Readability(document).parse() : undefined;
  const title = article?.title || document.title || '';
  const text = article?.content ? markupText(article.content) : '';
  // Readability is made for news pages; where it finds little, the page is no article and is read whole.
  return text.length > body.length / 3
    ? { text, title, whole: text.length > body.length * 0.9 }
    : { text: body, title, whole: true };
}

/** The text of markup, a line a block; also used for the chapters of an EPUB and for DOCX. */
export function markupText(markup: string): string {
  const { document } = parseHTML(/<html\b/i.test(markup) ? markup : `<html><body>${markup}</body></html>`);
  const lines: string[] = [''];
  collect(document.body as unknown as MarkupNode, lines);
  return lines
    .map((line) => line.replace(/\s+/g, ' ').trim())
    .filter(Boolean)
    .join('\n');
}

function collect(node: MarkupNode, lines: string[]): void {
  for (const child of Array.from(node.childNodes)) {
    const name = child.nodeName.toUpperCase();
    if (child.nodeType === 3) lines[lines.length - 1] += child.textContent ?? '';
    else if (name === 'BR') lines.push('');
    else if (name === 'TD' || name === 'TH') {
      collect(child, lines);
      lines[lines.length - 1] += ' ';
    } else if (!SILENT.has(name)) collectElement(child, name, lines);
  }
}

function collectElement(node: MarkupNode, name: string, lines: string[]): void {
  const block = BLOCKS.has(name);
  if (block) lines.push('');
  collect(node, lines);
  if (block) lines.push('');
}
