/** Headings of a document without an outline: as its tags say, or by the size of their letters. */
import type { Heading } from '../document.ts';
import { joinLines } from '../layout/joining.ts';
import type { Block } from './block.ts';

const LARGER = 1.15;
const LONGEST = 120;
const MOST_LINES = 3;
const LEVELS = 3;

type Paragraph = Extract<Block, { kind: 'paragraph' }>;

/** `pages` are the blocks of each page, the first page's first. */
export function headingLevels(pages: readonly (readonly Block[])[]): Heading[] {
  const paragraphs = pages.flatMap((blocks, index) =>
    blocks.flatMap((block) => (block.kind === 'paragraph' ? [{ block, page: index + 1 }] : [])),
  );
  const tagged = paragraphs.filter(({ block }) => block.level > 0 && isShort(block));
  if (tagged.length > 0) return tagged.map(({ block, page }) => ({ ...heading(block, page), level: block.level }));
  const body = bodyHeight(paragraphs.map(({ block }) => block));
  const larger = paragraphs.filter(({ block }) => block.height > body * LARGER && isShort(block));
  const sizes = [...new Set(larger.map(({ block }) => size(block)))].sort((a, b) => b - a);
  return larger.map(({ block, page }) => ({
    ...heading(block, page),
    level: Math.min(LEVELS, sizes.indexOf(size(block)) + 1),
  }));
}

function heading(block: Paragraph, page: number) {
  return { title: joinLines(block.lines), page };
}

function isShort({ lines }: Paragraph): boolean {
  const length = lines.reduce((sum, line) => sum + line.length, 0);
  return lines.length <= MOST_LINES && length <= LONGEST && /\p{L}{2}/u.test(lines.join(' '));
}

function size({ height }: Paragraph): number {
  return Math.round(height);
}

/** The height that most letters have. */
function bodyHeight(paragraphs: readonly Paragraph[]): number {
  const letters = new Map<number, number>();
  for (const { lines, height } of paragraphs) {
    const length = lines.reduce((sum, line) => sum + line.length, 0);
    letters.set(height, (letters.get(height) ?? 0) + length);
  }
  const [most] = [...letters].sort((a, b) => b[1] - a[1]);
  return most?.[0] ?? Number.POSITIVE_INFINITY;
}
