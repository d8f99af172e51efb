/** Pages for formats that have none. */
import type { Page } from './document.ts';

/** Characters of a page of text: about what a printed page holds. */
const PAGE_CHARACTERS = 1800;

/** Cuts running text into pages at paragraph ends, so that answers can say where they come from. */
export function paginate(text: string): Page[] {
  const pages: Page[] = [];
  let current = '';
  const close = () => {
    if (current.trim() !== '') pages.push({ number: pages.length + 1, text: current.trim() });
    current = '';
  };
  for (const paragraph of withTableHeads(text.split('\n')).flatMap(splitLongParagraph)) {
    const lines = paragraph.split('\n');
    if (current.length + paragraph.length > PAGE_CHARACTERS && current !== '') {
      close();
      // The part of a table that goes on here gets its head again.
      current = lines.length > 1 ? `${lines.slice(0, 2).join('\n')}\n` : '';
    }
    current += `${lines.at(-1)}\n`;
  }
  close();
  return pages;
}

/** Each row of a Markdown table after its first with the table's two head lines before it. */
function withTableHeads(lines: readonly string[]): string[] {
  let head: string[] = [];
  return lines.map((line, index) => {
    if (!line.startsWith('| ')) head = [];
    else if (isRule(lines[index + 1])) head = [line, lines[index + 1] ?? ''];
    else if (head.length > 0 && !isRule(line)) return [...head, line].join('\n');
    return line;
  });
}

function isRule(line: string | undefined): boolean {
  return line !== undefined && /^\|( --- \|)+$/.test(line);
}

/** A paragraph longer than a page is cut at sentence ends, or where it must. */
function splitLongParagraph(paragraph: string): string[] {
  if (paragraph.includes('\n')) return [paragraph];
  const parts: string[] = [];
  let rest = paragraph;
  while (rest.length > PAGE_CHARACTERS) {
    const sentence = rest.lastIndexOf('. ', PAGE_CHARACTERS);
    const space = rest.lastIndexOf(' ', PAGE_CHARACTERS);
    const cut = sentence > PAGE_CHARACTERS / 2 ? sentence + 1 : space > 0 ? space : PAGE_CHARACTERS;
    parts.push(rest.slice(0, cut));
    rest = rest.slice(cut).trimStart();
  }
  return [...parts, rest];
}
