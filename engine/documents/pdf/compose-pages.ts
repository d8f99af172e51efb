/** Makes the document's pages of what they draw: leaves out what repeats at their edges, orders the rest, joins its lines. */
import type { Heading, LeftOut, Page } from '../document.ts';
import type { Interval } from '../layout/bands.ts';
import { joinLines, type Vocabulary, vocabularyOf } from '../layout/joining.ts';
import { layOut } from '../layout/page-layout.ts';
import { type Line, toParagraphs } from '../layout/paragraphs.ts';
import { type Row, type Run, rowText, type Segment, toRows, toSegments } from '../layout/runs.ts';
import { type Cells, markdownTable } from '../layout/tables.ts';
import { EDGE_LINES, type EdgeLine, findRepeated, type PageEdges, type Repeated } from '../running-titles.ts';
import type { Block } from './block.ts';
import { headingLevels } from './headings.ts';
import type { PageContent } from './page-content.ts';
import { layOutTagged } from './tagged.ts';

export interface Composed {
  readonly pages: Page[];
  readonly leftOut: LeftOut[];
  readonly headings: Heading[];
}

/** Takes the pages' contents in order; `labels` may be empty. `onPage` is called as each is laid out, which may take a while. */
export function composePages(
  contents: readonly PageContent[],
  labels: readonly string[],
  onPage?: () => void,
): Composed {
  const edges = contents.map((page) => edgesOf(page, labels[page.number - 1]));
  const repeated = notWholePages(findRepeated(edges.map(({ edges }) => edges)), edges);
  const dropped = new Set<Segment>();
  for (const { page, at, index } of repeated) {
    for (const segment of edges[page - 1]?.rows[at][index]?.segments ?? []) dropped.add(segment);
  }
  const vocabulary = vocabularyOf(linesOf(contents));
  const blocks: Block[][] = [];
  for (const page of contents) {
    blocks.push(blocksOf(page, dropped, gutters(blocks.at(-1)?.at(-1))));
    onPage?.();
  }
  return {
    pages: contents.map(({ number }, index) => {
      const label = labels[number - 1];
      const text = writePage(blocks[index] ?? [], blocks[index - 1] ?? [], vocabulary);
      return { number, ...(label !== undefined && label !== '' && label !== String(number) ? { label } : {}), text };
    }),
    leftOut: [...repeated.map(({ page, at, text, reason }) => ({ page, at, text, reason })), ...drawnTwice(contents)],
    headings: headingLevels(blocks),
  };
}

/** A page that is nothing but what the others have too is kept: it says so itself. */
function notWholePages(repeated: readonly Repeated[], edges: readonly Edges[]): readonly Repeated[] {
  const lines = new Map<number, number>();
  for (const { page } of repeated) lines.set(page, (lines.get(page) ?? 0) + 1);
  const titled = new Set(repeated.filter(({ reason }) => reason === 'running title').map(({ page }) => page));
  return repeated.filter(({ page }) => !titled.has(page) || (lines.get(page) ?? 0) < (edges[page - 1]?.lines ?? 0));
}

function drawnTwice(contents: readonly PageContent[]): LeftOut[] {
  return contents.flatMap(({ number, repeated }) =>
    repeated.map((text) => ({ page: number, at: 'within' as const, text, reason: 'drawn twice' as const })),
  );
}

function* linesOf(contents: readonly PageContent[]): Generator<string> {
  for (const { segments, turned } of contents) {
    for (const { text } of segments) yield text;
    for (const frame of turned) for (const { text } of frame) yield text;
  }
}

interface Edges {
  readonly edges: PageEdges;
  readonly rows: { readonly top: readonly Row[]; readonly bottom: readonly Row[] };
  /** Of the whole page. */
  readonly lines: number;
}

function edgesOf({ number, segments }: PageContent, label: string | undefined): Edges {
  const rows = toRows(segments);
  // Of a page of three lines the middle one is an edge only once.
  const half = Math.ceil(rows.length / 2);
  const top = rows.slice(0, Math.min(EDGE_LINES, half));
  const bottom = rows.slice(Math.max(rows.length - EDGE_LINES, half)).reverse();
  const line = (row: Row, inwards: Row | undefined): EdgeLine => ({
    text: rowText(row),
    tabular: row.segments.length > 1 && (inwards?.segments.length ?? 0) > 1 && isNear(row, inwards),
  });
  return {
    edges: {
      number,
      label,
      top: top.map((row, index) => line(row, rows[index + 1])),
      bottom: bottom.map((row, index) => line(row, rows[rows.length - 2 - index])),
    },
    rows: { top, bottom },
    lines: rows.length,
  };
}

function isNear(row: Row, other: Row | undefined): boolean {
  return other !== undefined && Math.abs(row.y - other.y) < row.height * 3;
}

/** A tagged page by its tree, any other by where its text stands. */
function blocksOf(page: PageContent, dropped: ReadonlySet<Segment>, before: readonly Interval[]): Block[] {
  const segments = page.segments.filter((segment) => !dropped.has(segment));
  const main = (page.tree && taggedBlocks(page, segments)) ?? geometricBlocks(segments, before);
  const others = [...page.lines, ...page.comments].map((text) => ({
    kind: 'paragraph' as const,
    lines: [text],
    height: 0,
    level: 0,
  }));
  return [...main, ...page.turned.flatMap((frame) => geometricBlocks(frame)), ...others];
}

function taggedBlocks({ tree }: PageContent, segments: readonly Segment[]): Block[] | undefined {
  const runs = segments.flatMap((segment) => segment.runs);
  const tagged = tree && layOutTagged(tree, runs);
  if (!tagged) return undefined;
  const blocks = tagged.items.map((item): Block => (item.kind === 'table' ? { ...item, gutters: [] } : item));
  const { above, below } = partRest(tagged.rest, runs);
  return [...geometricBlocks(above), ...blocks, ...geometricBlocks(below)];
}

/** What the tree does not name stands above the page's text, or goes after it. */
function partRest(rest: readonly Run[], runs: readonly Run[]): { above: Segment[]; below: Segment[] } {
  const others = new Set(rest);
  const first = Math.min(...runs.filter((run) => !others.has(run)).map(({ y }) => y));
  const segments = toSegments(rest);
  return { above: segments.filter(({ y }) => y < first), below: segments.filter(({ y }) => y >= first) };
}

function gutters(block: Block | undefined): readonly Interval[] {
  return block?.kind === 'table' ? block.gutters : [];
}

function geometricBlocks(segments: readonly Segment[], before: readonly Interval[] = []): Block[] {
  const blocks: Block[] = [];
  let lines: Line[] = [];
  const close = () => {
    for (const paragraph of toParagraphs(lines)) {
      const height = Math.max(...paragraph.map((line) => line.height));
      blocks.push({ kind: 'paragraph', lines: paragraph.map(({ text }) => text), height, level: 0 });
    }
    lines = [];
  };
  for (const item of layOut(segments, before)) {
    if (item.kind === 'line') lines.push(item.line);
    else {
      close();
      blocks.push(item);
    }
  }
  close();
  return blocks;
}

function writePage(blocks: readonly Block[], before: readonly Block[], vocabulary: Vocabulary): string {
  return blocks
    .flatMap((block, index) => {
      if (block.kind === 'paragraph') return [joinLines(block.lines, vocabulary)];
      const cells = index === 0 ? continued(block, before.at(-1)) : block.cells;
      return markdownTable(cells.map((row) => row.map((cell) => joinLines(cell.split('\n'), vocabulary))));
    })
    .filter(Boolean)
    .join('\n');
}

/** A table that goes on from the page before gets that part's head, unless it brings it along. */
function continued(table: Extract<Block, { kind: 'table' }>, before: Block | undefined): Cells {
  const head = before?.kind === 'table' ? before.cells[0] : undefined;
  if (!head || head.length !== table.cells[0]?.length) return table.cells;
  return head.join('|') === table.cells[0].join('|') ? table.cells : [head, ...table.cells];
}
