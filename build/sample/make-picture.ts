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

const PARTS = {
  keys: { label: 'keys', colour: '#d98e32' },
  values: { label: 'values', colour: '#3b6ea8' },
  window: { label: 'latest tokens, all of them', colour: '#5c9c5a' },
  sinks: { label: 'first tokens', colour: '#a04a5e' },
} as const;

const report: Report = JSON.parse(readFileSync(0, 'utf8'));
const { kv, document, plan } = report;
const scale = BAR / kv.denseBytes;
const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

let x = LEFT;
const bars = kv.parts.map(({ label, bytes }) => {
  const width = bytes * scale;
  const bar = `<rect x="${x.toFixed(1)}" y="98" width="${width.toFixed(1)}" height="34" fill="${PARTS[label].colour}"/>`;
  x += width;
  return bar;
});
const legend = kv.parts.map(({ label, format, bytes }, index) => {
  const { label: name, colour } = PARTS[label];
  const [left, top] = [LEFT + (index % 2) * 330, 162 + Math.floor(index / 2) * 22];
  return `<rect x="${left}" y="${top - 10}" width="11" height="11" fill="${colour}"/><text x="${left + 18}" y="${top}">${name}${format === 'f16' ? '' : `, ${format}`}: ${mebibytes(bytes)}</text>`;
});

const picture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} 206" role="img" font-family="system-ui, sans-serif" font-size="13" fill="#333">
<title>KV cache after reading ${document.tokens.toLocaleString('en')} tokens: ${plan.label} ${mebibytes(kv.bytes)}, dense ${mebibytes(kv.denseBytes)}</title>
<rect width="${WIDTH}" height="206" fill="#fff"/>
<text x="${LEFT}" y="26" font-size="15" font-weight="600">KV cache after reading ${document.pages} pages, ${document.tokens.toLocaleString('en')} tokens</text>
<text x="${LEFT - 10}" y="68" text-anchor="end">dense</text>
<rect x="${LEFT}" y="46" width="${BAR}" height="34" fill="#d5dae0"/>
<text x="${LEFT + BAR - 8}" y="68" text-anchor="end">${mebibytes(kv.denseBytes)}</text>
<text x="${LEFT - 10}" y="120" text-anchor="end">${plan.label}</text>
${bars.join('\n')}
<text x="${(x + 8).toFixed(1)}" y="120">${mebibytes(kv.bytes)}, ${(kv.saving * 100).toFixed(1)} % less</text>
${legend.join('\n')}
</svg>
`;
writeFileSync(join(import.meta.dirname, '../../assets/kv-cache.svg'), picture);
