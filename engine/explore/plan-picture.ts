/** A plan as one SVG picture: a cell a unit, its keys on the left and its values on the right; roles by colour, formats by shade. */
import type { Format } from '../cache/format.ts';
import type { CachePlan, UnitPlan } from '../cache/plan.ts';

const CELL = 44;
const HEIGHT = 26;
const LEFT = 70;
const TOP = 58;
const LEGEND = 26;

const OWN = { hue: 174, name: 'own' };
const SHARED = { hue: 32, name: 'its leader’s keys' };
const NONE = '#eee';
const LIGHT: Readonly<Record<Format, number>> = { f16: 38, int8: 58, int4: 76 };

function colour({ hue }: typeof OWN, format: Format): string {
  return `hsl(${hue} 45% ${LIGHT[format]}%)`;
}

function halves(unit: UnitPlan): { keys: string; values: string; text: string } {
  if (unit.role === 'stream') return { keys: NONE, values: NONE, text: '' };
  const values = colour(OWN, unit.values);
  if (unit.role === 'lead') return { keys: colour(OWN, unit.keys), values, text: '' };
  return { keys: colour(SHARED, 'f16'), values, text: String(unit.leader) };
}

function cell(unit: UnitPlan, layer: number, head: number): string {
  const [x, y] = [LEFT + head * CELL, TOP + layer * HEIGHT];
  const { keys, values, text } = halves(unit);
  const half = (CELL - 3) / 2;
  const box = (left: number, fill: string) =>
    `<rect x="${left}" y="${y}" width="${half}" height="${HEIGHT - 2}" fill="${fill}"/>`;
  const leader = text && `<text x="${x + half / 2}" y="${y + 16}" fill="#fff" text-anchor="middle">${text}</text>`;
  return `${box(x, keys)}${box(x + half + 1, values)}${leader}`;
}

function legend(y: number): string {
  const entries: [string, string][] = [
    [colour(OWN, 'f16'), 'f16'],
    [colour(OWN, 'int8'), 'int8'],
    [colour(OWN, 'int4'), 'int4'],
    [colour(SHARED, 'f16'), SHARED.name],
    [NONE, 'nothing: sinks and window only'],
  ];
  const halvesAre = `<text x="${LEFT}" y="${y + entries.length * 18 + 10}">left: keys, right: values of distant tokens</text>`;
  const lines = entries
    .map(([fill, name], index) => {
      const top = y + index * 18;
      return `<rect x="${LEFT}" y="${top}" width="12" height="12" fill="${fill}"/><text x="${LEFT + 18}" y="${top + 10}">${name}</text>`;
    })
    .join('');
  return lines + halvesAre;
}

/** Layers from top to bottom, KV heads from left to right. */
export function drawPlan({ units }: CachePlan, title: string): string {
  const heads = units[0]?.length ?? 0;
  const width = Math.max(LEFT + heads * CELL + 20, 320);
  const bottom = TOP + units.length * HEIGHT + LEGEND;
  const rows = units.map((row, layer) => {
    const label = `<text x="${LEFT - 8}" y="${TOP + layer * HEIGHT + 16}" text-anchor="end">layer ${layer}</text>`;
    return label + row.map((unit, head) => cell(unit, layer, head)).join('');
  });
  const columns = Array.from({ length: heads }, (_, head) => {
    return `<text x="${LEFT + head * CELL + CELL / 2}" y="${TOP - 8}" text-anchor="middle">head ${head}</text>`;
  });
  const heading = `<text x="${LEFT}" y="24" font-size="14" font-weight="600">${escaped(title)}</text>`;
  const size = `width="${width}" height="${bottom + 116}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="system-ui, sans-serif" font-size="11" fill="#222" role="img"><title>${escaped(title)}</title><rect width="100%" height="100%" fill="#fff"/>${heading}${columns.join('')}${rows.join('')}${legend(bottom)}</svg>\n`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
