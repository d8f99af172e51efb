/** Turns the text runs of a PDF page into lines and paragraphs, in the order in which the page draws them. */
export interface TextRun {
  readonly text: string;
  readonly x: number;
  /** Upwards, as PDF counts. */
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly endsLine: boolean;
}

export interface TextLine {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly height: number;
}

/** Share of the letter height that a gap between runs must have to be a space. */
const SPACE_GAP = 0.2;

/** Drawing order is reading order in nearly all files, columns included; runs on one baseline become a line. */
export function toLines(runs: readonly TextRun[]): TextLine[] {
  const lines: TextLine[] = [];
  let current: TextRun[] = [];
  const close = () => {
    const line = joinRuns(current);
    if (line) lines.push(line);
    current = [];
  };
  for (const run of runs) {
    const last = current.at(-1);
    if (last && !sameBaseline(last, run)) close();
    current.push(run);
    if (run.endsLine) close();
  }
  close();
  return lines;
}

function sameBaseline(a: TextRun, b: TextRun): boolean {
  if (b.text === '' && b.height === 0) return true;
  const near = Math.abs(a.y - b.y) < Math.max(a.height, b.height, 1) * 0.5;
  return near && b.x > a.x - Math.max(a.height, 1) * 2;
}

function joinRuns(runs: readonly TextRun[]): TextLine | undefined {
  let text = '';
  let end: number | undefined;
  for (const run of runs) {
    const gap = end === undefined ? 0 : run.x - end;
    if (gap > run.height * SPACE_GAP && !text.endsWith(' ') && !run.text.startsWith(' ')) text += ' ';
    text += run.text;
    end = run.x + run.width;
  }
  const first = runs.find((run) => run.text.trim() !== '');
  if (!first) return undefined;
  return { text: text.replace(/\s+/g, ' ').trim(), x: first.x, y: first.y, height: first.height };
}

/** Groups lines into paragraphs: a new one after a gap, a change of size, an indent, or a jump to another column. */
export function toParagraphs(lines: readonly TextLine[]): string[][] {
  const spacing = commonSpacing(lines);
  const paragraphs: string[][] = [];
  for (const [index, line] of lines.entries()) {
    const previous = lines[index - 1];
    if (!previous || startsParagraph(previous, line, spacing)) paragraphs.push([]);
    paragraphs.at(-1)?.push(line.text);
  }
  return paragraphs;
}

function startsParagraph(previous: TextLine, line: TextLine, spacing: number): boolean {
  const drop = previous.y - line.y;
  if (Math.abs(previous.height - line.height) > Math.max(previous.height, line.height) * 0.2) return true;
  // A jump upwards is the next column: the paragraph goes on there unless its last sentence was over.
  if (drop <= 0) return /[.!?:]["'”’)]?$/.test(previous.text);
  return drop > spacing * 1.35 || (line.x - previous.x > line.height * 0.8 && /[.!?:]["'”’)]?$/.test(previous.text));
}

/** The median distance between neighbouring lines. */
function commonSpacing(lines: readonly TextLine[]): number {
  const drops = lines
    .slice(1)
    .map((line, index) => (lines[index]?.y ?? 0) - line.y)
    .filter((drop) => drop > 0)
    .sort((a, b) => a - b);
  return drops[Math.floor(drops.length / 2)] ?? Number.POSITIVE_INFINITY;
}
