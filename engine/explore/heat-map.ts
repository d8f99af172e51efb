/** Similarity and sensitivity of layers as one SVG picture. */
const CELL = 34;
const LEFT = 70;
const TOP = 64;
const GAP = 50;

/** Light to dark; the text on it turns white where it is dark. */
function colour(share: number): string {
  const light = Math.round(97 - 62 * Math.min(1, Math.max(0, share)));
  return `hsl(174 45% ${light}%)`;
}

function grid(title: string, matrix: readonly (readonly number[])[], x: number): string {
  const cells = matrix.flatMap((row, layer) =>
    row.map((share, column) => {
      const [left, top] = [x + LEFT + column * CELL, TOP + layer * CELL];
      const ink = share > 0.75 ? '#fff' : '#222';
      return `<rect x="${left}" y="${top}" width="${CELL - 1}" height="${CELL - 1}" fill="${colour(share)}"/><text x="${left + CELL / 2}" y="${top + CELL / 2 + 4}" fill="${ink}" text-anchor="middle">${share.toFixed(2)}</text>`;
    }),
  );
  const labels = matrix.map((_, layer) => {
    const middle = layer * CELL + CELL / 2;
    return `<text x="${x + LEFT - 8}" y="${TOP + middle + 4}" text-anchor="end">${layer}</text><text x="${x + LEFT + middle}" y="${TOP - 8}" text-anchor="middle">${layer}</text>`;
  });
  return `<text x="${x + LEFT}" y="24" font-size="14" font-weight="600">${title}</text>${labels.join('')}${cells.join('')}`;
}

/** similarity: [KV heads][layers][layers], 0–1. */
export function drawSimilarity(similarity: readonly (readonly (readonly number[])[])[]): string {
  const layers = similarity[0]?.length ?? 0;
  const width = LEFT + layers * CELL + GAP;
  const grids = similarity.map((matrix, head) => grid(`Layers alike, KV head ${head}`, matrix, head * width));
  const size = `width="${similarity.length * width}" height="${TOP + layers * CELL + 20}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="system-ui, sans-serif" font-size="11"><rect width="100%" height="100%" fill="#fff"/>${grids.join('')}</svg>\n`;
}
