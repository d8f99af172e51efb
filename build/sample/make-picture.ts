/**
 * Draws what the KV cache takes from the report of a real reading:
 *
 *     npm run --silent ask -- assets/samples/katrine-papers.pdf "…" --json | node build/sample/make-picture.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Report } from '../../engine/programs/ask/report.ts';

const WIDTH = 760;
const LEFT = 70;
const BAR = 640;

const PARTS = [
  { part: 'values', label: 'values, every token and layer', colour: '#3b6ea8' },
  { part: 'leaderKeys', label: 'leader keys, shared', colour: '#d98e32' },
  { part: 'followerKeys', label: 'recent keys', colour: '#5c9c5a' },
  { part: 'sinks', label: 'sinks', colour: '#a04a5e' },
] as const;

const report: Report = JSON.parse(readFileSync(0, 'utf8'));
const { kv, document } = report;
const scale = BAR / kv.denseBytes;
const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

let x = LEFT;
const bars = PARTS.map(({ part, colour }) => {
  const width = kv.parts[part] * scale;
  const bar = `<rect x="${x.toFixed(1)}" y="98" width="${width.toFixed(1)}" height="34" fill="${colour}"/>`;
  x += width;
  return bar;
});
const legend = PARTS.map(({ part, label, colour }, index) => {
  const [left, top] = [LEFT + (index % 2) * 330, 162 + Math.floor(index / 2) * 22];
  return `<rect x="${left}" y="${top - 10}" width="11" height="11" fill="${colour}"/><text x="${left + 18}" y="${top}">${label}: ${mebibytes(kv.parts[part])}</text>`;
});

const picture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} 206" role="img" font-family="system-ui, sans-serif" font-size="13" fill="#333">
<title>KV cache after reading ${document.tokens.toLocaleString('en')} tokens: PoD ${mebibytes(kv.bytes)}, dense ${mebibytes(kv.denseBytes)}</title>
<rect width="${WIDTH}" height="206" fill="#fff"/>
<text x="${LEFT}" y="26" font-size="15" font-weight="600">KV cache after reading ${document.pages} pages, ${document.tokens.toLocaleString('en')} tokens</text>
<text x="${LEFT - 10}" y="68" text-anchor="end">dense</text>
<rect x="${LEFT}" y="46" width="${BAR}" height="34" fill="#d5dae0"/>
<text x="${LEFT + BAR - 8}" y="68" text-anchor="end">${mebibytes(kv.denseBytes)}</text>
<text x="${LEFT - 10}" y="120" text-anchor="end">PoD</text>
${bars.join('\n')}
<text x="${(x + 8).toFixed(1)}" y="120">${mebibytes(kv.bytes)}, ${(kv.saving * 100).toFixed(1)} % less</text>
${legend.join('\n')}
</svg>
`;
writeFileSync(join(import.meta.dirname, '../../assets/kv-cache.svg'), picture);
