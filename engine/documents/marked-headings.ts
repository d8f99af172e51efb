/** Headings are marked in running text until its pages are cut; then they are known with their pages, and the marks go. */
import type { Heading, Page } from './document.ts';
import { paginate } from './paginate.ts';

const MARK = '\u0001';
const MARKED = new RegExp(`^${MARK}(\\d)`, 'gm');
const LONGEST = 200;

export function headingLine(title: string, level: number): string {
  return `${MARK}${Math.min(9, Math.max(1, level))}${title.replaceAll(MARK, '')}`;
}

/** Cuts text with marked headings into pages, numbered on from `before`. */
export function paginateMarked(text: string, before = 0): { pages: Page[]; headings: Heading[] } {
  const marked = paginate(text).map((page) => ({ ...page, number: page.number + before }));
  const headings = marked.flatMap((page) =>
    page.text
      .split('\n')
      .filter((line) => line.startsWith(MARK))
      .map((line) => ({ title: line.slice(2, LONGEST), page: page.number, level: Number(line[1]) })),
  );
  return { pages: marked.map((page) => ({ ...page, text: page.text.replace(MARKED, '') })), headings };
}

/** The text without its marks. */
export function unmarked(text: string): string {
  return text.replace(MARKED, '');
}
