/** The text of a PDF page as runs, in the frames that it is read in: text that stands on its side has a frame of its own. */
import type { Run } from '../layout/runs.ts';

/** As pdf.js gives it; `transform` leads to the page's own coordinates, which grow upwards. */
export interface TextItem {
  readonly str: string;
  readonly dir: string;
  readonly transform: readonly number[];
  readonly width: number;
  readonly height: number;
  readonly fontName: string;
}

export interface MarkedItem {
  readonly type: string;
  readonly id?: string;
  readonly tag?: string;
}

export interface TextContent {
  readonly items: readonly (TextItem | MarkedItem)[];
  readonly styles: Readonly<Record<string, { readonly vertical?: boolean }>>;
}

/** From the page's coordinates to those of the page as it is shown: six numbers, as PDF has them. */
export type Transform = readonly number[];

/** Angles that differ by less, in degrees, are one: recognised text is seldom quite straight. */
const ANGLE_STEP = 15;

interface Framed {
  readonly frame: string;
  readonly run: Run;
}

/** The runs of each frame; the frame with the most letters first. */
export function framesOf(content: TextContent, viewport: Transform): Run[][] {
  const frames = new Map<string, Run[]>();
  for (const { frame, run } of placedRuns(content, viewport)) {
    const runs = frames.get(frame);
    if (runs) runs.push(run);
    else frames.set(frame, [run]);
  }
  const letters = (runs: readonly Run[]) => runs.reduce((sum, { text }) => sum + text.length, 0);
  return [...frames.values()].map(withDirection).sort((a, b) => letters(b) - letters(a));
}

/** Numbers and marks have no direction of their own: on a page that reads from right to left they do so too. */
function withDirection(runs: Run[]): Run[] {
  const backwards = runs.filter(({ rightToLeft }) => rightToLeft);
  if (backwards.length === 0) return runs;
  const letters = (some: readonly Run[]) =>
    some.reduce((sum, { text }) => sum + (text.match(/\p{L}/gu)?.length ?? 0), 0);
  const rightToLeft = letters(backwards) > letters(runs) / 2;
  return runs.map((run) => (/\p{L}/u.test(run.text) && !rightToLeft ? run : { ...run, rightToLeft }));
}

function* placedRuns({ items, styles }: TextContent, viewport: Transform): Generator<Framed> {
  const marks: (string | undefined)[] = [];
  for (const [order, item] of items.entries()) {
    if (!('str' in item)) {
      if (item.type === 'endMarkedContent') marks.pop();
      else marks.push(item.id ?? (item.tag === 'Artifact' ? undefined : marks.at(-1)));
    } else if (item.str !== '') {
      yield place(item, order, marks.at(-1), viewport, styles[item.fontName]?.vertical ?? false);
    }
  }
}

function place(
  item: TextItem,
  order: number,
  mark: string | undefined,
  viewport: Transform,
  vertical: boolean,
): Framed {
  const [va = 1, vb = 0, vc = 0, vd = -1, ve = 0, vf = 0] = viewport;
  const [a = 1, b = 0, , , e = 0, f = 0] = item.transform;
  const x = va * e + vc * f + ve;
  const y = vb * e + vd * f + vf;
  const common = { text: item.str, rightToLeft: item.dir === 'rtl', order, mark };
  if (vertical) {
    return { frame: 'vertical', run: { ...common, x: y, y: -x, width: item.height, height: item.width } };
  }
  const exact = (Math.atan2(vb * a + vd * b, va * a + vc * b) * 180) / Math.PI;
  const angle = (Math.round(exact / ANGLE_STEP) * ANGLE_STEP + 360) % 360;
  const [cosine, sine] = turns[angle] ?? [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)];
  return {
    frame: String(angle),
    run: { ...common, x: x * cosine + y * sine, y: y * cosine - x * sine, width: item.width, height: item.height },
  };
}

/** Cosine and sine, exact. */
const turns: Readonly<Record<number, readonly [number, number]>> = {
  0: [1, 0],
  90: [0, 1],
  180: [-1, 0],
  270: [0, -1],
};
