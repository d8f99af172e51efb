/**
 * Where an answer came from: the attention that its tokens paid to the document, summed per page and per passage. Heads
 * that look at one place count for more than heads that look everywhere (each row is weighted by its own peak); the
 * sinks, which get attention for no reason of content, are left out before.
 */
export interface PageTokens {
  readonly page: number;
  /** Token positions, end exclusive. */
  readonly start: number;
  readonly end: number;
}

export interface PageEvidence {
  readonly page: number;
  /** Share of the attention that went to the document, 0–1. */
  readonly share: number;
  /** What of that went to the passage, 0–1. */
  readonly focus: number;
  /** The run of tokens of the page that got most, and the one of them that got most of all. */
  readonly passage: { readonly start: number; readonly end: number; readonly peak: number };
}

const PASSAGE_TOKENS = 48;

/** The pages that got most attention, best first. `mass`: a weight a token position. */
export function rankPages(mass: Float64Array, pages: readonly PageTokens[], most = 3): PageEvidence[] {
  const sums = pages.map((page) => ({ page, sum: sumOf(mass, page.start, page.end) }));
  const total = sums.reduce((all, { sum }) => all + sum, 0);
  if (total === 0) return [];
  return sums
    .filter(({ sum }) => sum > 0)
    .sort((a, b) => b.sum - a.sum)
    .slice(0, most)
    .map(({ page, sum }) => {
      const passage = bestPassage(mass, page);
      const focus = sumOf(mass, passage.start, passage.end) / total;
      return { page: page.page, share: sum / total, focus, passage };
    });
}

function sumOf(mass: Float64Array, start: number, end: number): number {
  let sum = 0;
  for (let token = start; token < end; token++) sum += mass[token] ?? 0;
  return sum;
}

/** The window of PASSAGE_TOKENS tokens with the largest sum, found by sliding it over the page. */
function bestPassage(mass: Float64Array, { start, end }: PageTokens): PageEvidence['passage'] {
  const width = Math.min(PASSAGE_TOKENS, end - start);
  let sum = sumOf(mass, start, start + width);
  let best = { sum, start };
  for (let first = start + 1; first + width <= end; first++) {
    sum += (mass[first + width - 1] ?? 0) - (mass[first - 1] ?? 0);
    if (sum > best.sum) best = { sum, start: first };
  }
  let peak = best.start;
  for (let token = peak; token < best.start + width; token++) if ((mass[token] ?? 0) > (mass[peak] ?? 0)) peak = token;
  return { start: best.start, end: best.start + width, peak };
}
