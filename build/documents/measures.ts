/** How well a text was read: its words, their order, the cells of its tables, the values of its fields. */
import type { Document } from '../../engine/documents/document.ts';

/** Words without marks at their ends, of text or of Markdown. */
export function wordsIn(text: string): string[] {
  return text
    .normalize('NFKC')
    .replace(/[‘’]/g, "'")
    .replace(/[“”]/g, '"')
    .replace(/[‐‑]/g, '-')
    .replace(/\[\d+\]/g, ' ')
    .split(/[\s|]+/)
    .map((word) => word.replace(/^[^\p{L}\p{N}$]+|[^\p{L}\p{N}%]+$/gu, ''))
    .filter((word) => word !== '' && !/^-+$/.test(word));
}

/** Words of `expected` that `found` lacks, each as often as it lacks it. */
export function missingWords(expected: readonly string[], found: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const word of found) counts.set(word, (counts.get(word) ?? 0) + 1);
  return expected.filter((word) => {
    const left = counts.get(word) ?? 0;
    counts.set(word, left - 1);
    return left <= 0;
  });
}

export function recall(expected: readonly string[], found: readonly string[]): number {
  return expected.length === 0 ? 1 : 1 - missingWords(expected, found).length / expected.length;
}

/** 1 less the edit distance of the two sequences of words, by the longer one's length. */
export function order(expected: readonly string[], found: readonly string[]): number {
  const longest = Math.max(expected.length, found.length);
  return longest === 0 ? 1 : 1 - editDistance(expected, found) / longest;
}

function editDistance(a: readonly string[], b: readonly string[]): number {
  let previous = Uint32Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [row, word] of a.entries()) {
    const current = new Uint32Array(b.length + 1);
    current[0] = row + 1;
    for (let column = 1; column <= b.length; column++) {
      const same = (previous[column - 1] ?? 0) + (word === b[column - 1] ? 0 : 1);
      current[column] = Math.min(same, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1);
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/** The rows of all Markdown tables of a text. */
export function tableRows(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\|( --- \|)+$/.test(line))
    .map((line) =>
      line
        .slice(2, -2)
        .split(/(?<!\\) \| /)
        .map((cell) => cell.replaceAll('\\|', '|').trim()),
    );
}

/** Share of the cells that stand in a row with the row's other cells and in their own column. */
export function cellShare(
  tables: readonly (readonly (readonly string[])[])[],
  text: string,
): { right: number; of: number } {
  const rows = tableRows(text);
  let right = 0;
  let of = 0;
  for (const expected of tables.flat()) {
    const best = Math.max(
      0,
      ...rows.map((row) => expected.filter((cell, column) => same(cell, row[column] ?? '')).length),
    );
    right += best;
    of += expected.length;
  }
  return { right, of };
}

function same(a: string, b: string): boolean {
  const plain = (text: string) => text.normalize('NFKC').replace(/\s+/g, ' ').trim();
  return plain(a) === plain(b);
}

/** Fields whose value stands on one line with their label. */
export function fieldsRight(fields: readonly (readonly [string, string])[], text: string): number {
  const lines = text.split('\n').map((line) => line.replace(/\s*\|\s*/g, ' ').replace(/\s+/g, ' '));
  return fields.filter(([label, value]) =>
    lines.some(
      (line) =>
        line.includes(`${label} ${value}`) || line.includes(`${value} ${label}`) || line.includes(`${label}: ${value}`),
    ),
  ).length;
}

export function wholeText(document: Document): string {
  return document.pages.map(({ text }) => text).join('\n');
}
