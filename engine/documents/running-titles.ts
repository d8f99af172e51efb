/**
 * Finds what a document repeats at its pages' edges: running titles, which are the same words on page after page, and page
 * numbers, which count with the pages. A line whose numbers differ in any other way is not repeated, it only looks like it.
 */
export interface EdgeLine {
  readonly text: string;
  /** Whether it could be the head of a table: several parts, and the next line inwards has several too. */
  readonly tabular: boolean;
}

export interface PageEdges {
  /** The page's number, from 1. */
  readonly number: number;
  readonly label: string | undefined;
  /** From the page's top down, and from its bottom up. */
  readonly top: readonly EdgeLine[];
  readonly bottom: readonly EdgeLine[];
}

export interface Repeated {
  readonly page: number;
  readonly at: 'top' | 'bottom';
  /** Index within the edge. */
  readonly index: number;
  readonly text: string;
  readonly reason: 'running title' | 'page number';
}

/** Lines that an edge has at most. */
export const EDGE_LINES = 2;
const FEWEST_PAGES = 4;
const FEWEST_IN_SERIES = 6;
const REPEATED_SHARE = 0.5;
/** Pages that a series may skip: left and right pages have titles of their own, chapters begin without. */
const MOST_SKIPPED = 3;
const MOST_WORDS = 16;
/** Fewest pages of a series in which a number may stand beside words that are no page words. */
const FEWEST_WITH_TITLE = 20;

interface Occurrence extends Repeated {
  readonly tabular: boolean;
  readonly label: string | undefined;
}

/** What may be left out, page by page; nothing of a page that would lose more than a few words. */
export function findRepeated(pages: readonly PageEdges[]): Repeated[] {
  if (pages.length < FEWEST_PAGES) return [];
  const lines = pages.flatMap(occurrencesOf);
  const numbers = pageNumbers(lines, pages.length);
  const titles = runningTitles(lines, pages.length);
  return withinBounds([...new Set([...numbers, ...titles])].map(({ tabular: _, label: __, ...line }) => line));
}

function occurrencesOf({ number, label, top, bottom }: PageEdges): Occurrence[] {
  const at = (edge: 'top' | 'bottom') => (line: EdgeLine, index: number) => ({
    page: number,
    at: edge,
    index,
    text: line.text.replace(/\s+/g, ' ').trim(),
    reason: 'running title' as const,
    tabular: line.tabular,
    label,
  });
  return [...top.map(at('top')), ...bottom.map(at('bottom'))];
}

/** All but the first of each series of the same words. */
function runningTitles(lines: readonly Occurrence[], pages: number): Occurrence[] {
  const wordy = lines.filter(({ text, tabular }) => !tabular && /\p{L}/u.test(text));
  return [...groupBy(wordy, ({ at, text }) => `${at} ${text}`).values()].flatMap((same) =>
    seriesOf(oncePerPage(same), pages).flatMap((series) => series.slice(1)),
  );
}

function oncePerPage(group: readonly Occurrence[]): Occurrence[] {
  return group.filter(({ page }, index) => group[index - 1]?.page !== page);
}

/** The parts of a group that go from page to page without a long break, where they are long enough to be everywhere. */
function seriesOf(group: readonly Occurrence[], pages: number): Occurrence[][] {
  if (new Set(group.map(({ page }) => page)).size >= pages * REPEATED_SHARE) return [[...group]];
  const series: Occurrence[][] = [];
  for (const line of group) {
    const last = series.at(-1)?.at(-1);
    if (last && line.page - last.page <= MOST_SKIPPED) series.at(-1)?.push(line);
    else series.push([line]);
  }
  return series.filter(({ length }) => length >= FEWEST_IN_SERIES);
}

/** Dashes, brackets and words around a number set it off as the page's; a bullet before it makes it an item of a list. */
const PAGE_NUMBER =
  /^([\s\-–—|[(]*(?:(?:page|pg\.?|p\.|seite|s\.|página|pagina|pág\.|strona|side|sida|pagina)\s*)?)(\d{1,5}|[ivxlc]{1,9})((?:\s*(?:of|\/|von|de|di|sur|van|из)\s*\d{1,5})?[\s\-–—|\])]*)$/i;
const TITLE_AND_NUMBER = /^(?:(\d{1,4})\s+(\D+)|(\D+?)\s+(\d{1,4}))$/;

/** Lines that are a page number and count with the pages, or are what the file itself calls the page. */
function pageNumbers(lines: readonly Occurrence[], pages: number): Occurrence[] {
  const bare = lines.flatMap((line) => {
    const [, before = '', number, after = ''] = PAGE_NUMBER.exec(line.text) ?? [];
    if (number === undefined) return [];
    return [{ line, offset: numberOf(number) - line.page, frame: frameOf(before, number, after) }];
  });
  const titled = lines.flatMap((line) => {
    const [, before, after, title, last] = TITLE_AND_NUMBER.exec(line.text) ?? [];
    const number = before ?? last;
    return number === undefined ? [] : [{ line, offset: Number(number) - line.page, frame: `${after ?? title}` }];
  });
  return [
    ...counting(bare, pages, (series) => series.length >= Math.min(3, pages)),
    ...counting(titled, pages, (series) => series.length >= FEWEST_WITH_TITLE),
  ].map((line) => Object.assign(line, { reason: 'page number' as const }));
}

/** What the pages of a series have in common: their numerals, and what stands around them. */
function frameOf(before: string, number: string, after: string): string {
  const numerals = /\d/.test(number) ? 'arabic' : 'roman';
  return `${numerals} ${before}#${after}`.replace(/\s+/g, ' ').toLowerCase();
}

interface Numbered {
  readonly line: Occurrence;
  /** How far the number is from the page's. */
  readonly offset: number;
  readonly frame: string;
}

function counting(lines: readonly Numbered[], pages: number, enough: (series: Numbered[]) => boolean): Occurrence[] {
  const near = lines.filter(({ line, offset }) => Math.abs(offset) <= pages || line.label === line.text);
  return [...groupBy(near, ({ line, offset, frame }) => `${line.at} ${offset} ${frame}`).values()]
    .filter(enough)
    .flatMap((series) => series.map(({ line }) => line));
}

const ROMAN: Readonly<Record<string, number>> = { i: 1, v: 5, x: 10, l: 50, c: 100 };

function numberOf(number: string): number {
  if (/^\d+$/.test(number)) return Number(number);
  const values = [...number.toLowerCase()].map((letter) => ROMAN[letter] ?? 0);
  return values.reduce((sum, value, index) => sum + (value < (values[index + 1] ?? 0) ? -value : value), 0);
}

function withinBounds(lines: readonly Repeated[]): Repeated[] {
  const words = (line: Repeated) => line.text.split(' ').length;
  return [...groupBy(lines, ({ page }) => page).values()]
    .filter((own) => own.reduce((sum, line) => sum + words(line), 0) <= MOST_WORDS)
    .flat();
}

function groupBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
