/** Text of what office files draw (ECMA-376, part 1, 20 and 21): charts as tables, diagrams and text boxes a line a paragraph. */
import type { Note } from '../document.ts';
import { markdownTable } from '../layout/tables.ts';
import type { Members } from './archive.ts';
import { children, descendants, localName, parseXml, textOf, type XmlElement } from './xml.ts';

/** The lines of all parts of an archive that are drawings, and which of them could not be read. */
export function drawingLines(members: Members, folder: 'word' | 'xl'): { lines: string[]; notes: Note[] } {
  const damaged: string[] = [];
  const lines = [...READERS].flatMap(([kind, reader]) => {
    const pattern = new RegExp(`^${folder}/${kind}\\d*\\.xml$`);
    return [...members].flatMap(([name, content]) => {
      if (!pattern.test(name)) return [];
      try {
        return reader(parseXml(content, name));
      } catch {
        damaged.push(name);
        return [];
      }
    });
  });
  return { lines, notes: damaged.length > 0 ? [{ code: 'parts-damaged', parts: damaged }] : [] };
}

/** Text boxes of Word stand in its document. */
const READERS: ReadonlyMap<string, (root: XmlElement) => string[]> = new Map([
  ['drawings/drawing', boxLines],
  ['diagrams/data', paragraphLines],
  ['charts/chart', chartLines],
]);

/** Of a box that is written in two ways, the one that all programs know is left alone. */
function boxLines(root: XmlElement): string[] {
  const collect = (element: XmlElement): string[] =>
    children(element).flatMap((child) => {
      if (localName(child) === 'Fallback') return [];
      return localName(child) === 'sp' ? paragraphLines(child) : collect(child);
    });
  return collect(root);
}

export function paragraphLines(element: XmlElement): string[] {
  return descendants(element, 'p')
    .map(runsText)
    .filter((line) => line.trim() !== '');
}

/** The words of a paragraph. */
export function runsText(paragraph: XmlElement): string {
  return children(paragraph)
    .map((child) => {
      const name = localName(child);
      if (name === 'br') return '\n';
      return name === 'r' || name === 'fld' ? descendants(child, 't').map(textOf).join('') : '';
    })
    .join('');
}

/** A chart as a table below its titles: a row for each category, a column for each series. */
export function chartLines(root: XmlElement): string[] {
  const titles = descendants(root, 'title').flatMap(paragraphLines);
  const series = descendants(root, 'ser').map((each) => ({
    name: pointsOf(each, 'tx')[0] ?? '',
    categories: [...pointsOf(each, 'cat'), ...pointsOf(each, 'xVal')],
    values: [...pointsOf(each, 'val'), ...pointsOf(each, 'yVal')],
  }));
  if (series.every(({ values }) => values.length === 0)) return titles;
  // Points of one series may stand elsewhere than those of the others: such a chart is as many tables.
  const places = [...new Set(series.map(({ categories }) => categories.join('\n')))];
  return [
    ...titles,
    ...places.flatMap((place) => seriesTable(series.filter(({ categories }) => categories.join('\n') === place))),
  ];
}

interface Series {
  readonly name: string;
  readonly categories: readonly string[];
  readonly values: readonly string[];
}

function seriesTable(series: readonly Series[]): string[] {
  const length = Math.max(...series.map(({ values }) => values.length));
  const rows = Array.from({ length }, (_, row) => [
    series[0]?.categories[row] ?? '',
    ...series.map(({ values }) => values[row] ?? ''),
  ]);
  return markdownTable([['', ...series.map(({ name }) => name)], ...rows]);
}

function pointsOf(series: XmlElement, part: string): string[] {
  const [element] = children(series, part);
  return element ? descendants(element, 'v').map(textOf) : [];
}
