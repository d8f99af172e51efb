/** What every reader of a format gives: pages with their text, and what could not be read. */
export interface Page {
  /** As the document counts, from 1. */
  readonly number: number;
  readonly text: string;
}

export interface Heading {
  readonly title: string;
  readonly page: number;
}

export interface Document {
  readonly title: string | undefined;
  readonly pages: readonly Page[];
  readonly outline: readonly Heading[];
  /** One sentence each, for people: what was left out or could not be read. */
  readonly warnings: readonly string[];
}

export interface ReadOptions {
  readonly password?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((pagesRead: number, pagesTotal: number) => void) | undefined;
}

/** Bytes of a page of text in formats that have no pages: about what a printed page holds. */
const PAGE_CHARACTERS = 1800;

/** Cuts running text into pages at paragraph ends, so that answers can say where they come from. */
export function paginate(text: string): Page[] {
  const pages: Page[] = [];
  let current = '';
  const close = () => {
    if (current.trim() !== '') pages.push({ number: pages.length + 1, text: current.trim() });
    current = '';
  };
  for (const paragraph of text.split('\n').flatMap(splitLongParagraph)) {
    if (current.length + paragraph.length > PAGE_CHARACTERS && current !== '') close();
    current += `${paragraph}\n`;
  }
  close();
  return pages;
}

/** A paragraph longer than a page is cut at sentence ends, or where it must. */
function splitLongParagraph(paragraph: string): string[] {
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
