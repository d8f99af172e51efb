/** Saving against score as an SVG picture: a line a series, a dot a plan. Pure. */

export interface Point {
  readonly label: string;
  /** Share of the dense cache that is saved, and of the questions that are answered right: 0–1. */
  readonly saving: number;
  readonly score: number;
}

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
}

const [WIDTH, HEIGHT] = [720, 420];
const EDGE = { left: 56, right: 190, top: 20, bottom: 44 };
const COLOURS = ['#1b6ac9', '#c2410c', '#15803d', '#7e22ce'];

const x = (saving: number) => EDGE.left + saving * (WIDTH - EDGE.left - EDGE.right);
const y = (score: number) => HEIGHT - EDGE.bottom - score * (HEIGHT - EDGE.top - EDGE.bottom);
const text = (at: readonly [number, number], words: string, more = '') =>
  `<text x="${at[0].toFixed(1)}" y="${at[1].toFixed(1)}" ${more}>${words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`;

export function drawSavingChart(series: readonly Series[]): string {
  const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1];
  const grid = ticks.flatMap((share) => [
    `<path d="M${x(share)} ${y(0)}V${y(1)}M${x(0)} ${y(share)}H${x(1)}" stroke="#ddd"/>`,
    text([x(share), HEIGHT - EDGE.bottom + 16], `${share * 100}`, 'text-anchor="middle"'),
    text([EDGE.left - 6, y(share) + 4], `${share * 100}`, 'text-anchor="end"'),
  ]);
  const axes = [
    text([x(0.5), HEIGHT - 8], 'KV cache saved, %', 'text-anchor="middle"'),
    text([14, y(0.5)], 'exact answers, %', `text-anchor="middle" transform="rotate(-90 14 ${y(0.5)})"`),
  ];
  const lines = series.map(({ name, points }, index) => drawSeries(name, points, index));
  const style = 'font-family="sans-serif" font-size="12" fill="#222"';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" ${style}><rect width="100%" height="100%" fill="#fff"/>${[...grid, ...axes, ...lines].join('')}</svg>\n`;
}

function drawSeries(name: string, points: readonly Point[], index: number): string {
  const colour = COLOURS[index % COLOURS.length] ?? '#222';
  const sorted = points.toSorted((a, b) => a.saving - b.saving);
  const path = sorted.map(({ saving, score }) => `${x(saving).toFixed(1)} ${y(score).toFixed(1)}`).join('L');
  const dots = sorted.map(
    ({ label, saving, score }) =>
      `<circle cx="${x(saving).toFixed(1)}" cy="${y(score).toFixed(1)}" r="4" fill="${colour}"><title>${label}: ${(saving * 100).toFixed(1)} % saved, ${(score * 100).toFixed(1)} % right</title></circle>`,
  );
  const legend = text([WIDTH - EDGE.right + 16, EDGE.top + 14 + index * 18], name, `fill="${colour}"`);
  return `<path d="M${path}" fill="none" stroke="${colour}" stroke-width="1.5"/>${dots.join('')}${legend}`;
}
