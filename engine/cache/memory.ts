/**
 * The arithmetic of the cache's memory, in bytes: one formula for the plan before reading, the allocator's page sizes
 * and the figures shown. Pure; pod.md, "Memory", rounded up to whole pages.
 */
import { FORMATS, type Format, vectorBytes } from './format.ts';
import { firstVisible } from './local-window.ts';
import { type CachePlan, densePlan, type UnitPlan } from './plan.ts';
import { distantEnd, type Proximity, WINDOW_STEP } from './proximity.ts';

export interface CacheShape {
  readonly layers: number;
  readonly heads: number;
  readonly headSize: number;
  readonly plan: CachePlan;
  readonly proximity: Proximity;
  /** For each layer how many tokens a row sees, itself included; 0: all. Such layers keep no more than that. */
  readonly windows: readonly number[];
  /** How long the text may grow, with question and answer; models that turn keys of short texts otherwise ask. Left out: any length. */
  readonly expectedTokens?: number | undefined;
}

/**
 * keys, values: of every token, or of the distant ones where those have a format of their own. sinks, window: keys and values of
 * the first and the latest tokens, where they are kept by themselves.
 */
export const PART_LABELS = ['keys', 'values', 'window', 'sinks'] as const;
export type PartLabel = (typeof PART_LABELS)[number];

/** Bytes of one kind and format. */
export interface CachePart {
  readonly label: PartLabel;
  readonly format: Format;
  readonly bytes: number;
}

/** What the cache takes, part by part; the kinds and formats that a plan has, always in the same order. */
export type CacheParts = readonly CachePart[];

/** Bytes of one page of f16 at most: small enough that little is reserved ahead, large enough to be one matrix product. */
const PAGE_BYTES = 1 << 19;

/** Bytes of a page of one KV head's vectors. */
export function pageBytes(format: Format, pageTokens: number, headSize: number): number {
  return pageTokens * vectorBytes(format, headSize);
}

/** Tokens a page of what is kept of all or of distant tokens: a power of two, a multiple of the window's step. */
export function pageTokensFor(headSize: number): number {
  return Math.max(WINDOW_STEP, 2 ** Math.floor(Math.log2(PAGE_BYTES / (2 * headSize))));
}

/** Tokens a page of the recent window, and of all that a layer with a local window keeps. */
export const recentPageTokens = WINDOW_STEP;

/** The formats of a unit's keys and values for distant tokens; undefined where it keeps none. */
export function distantFormats(unit: UnitPlan): Readonly<Record<'keys' | 'values', Format | undefined>> {
  return {
    keys: unit.role === 'lead' ? unit.keys : undefined,
    values: unit.role === 'stream' ? undefined : unit.values,
  };
}

export function totalBytes(parts: CacheParts): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Sums what is of one kind and format. */
export function sumParts(parts: Iterable<CachePart>): CacheParts {
  const sums = new Map<string, number>();
  for (const { label, format, bytes } of parts) {
    const key = `${label} ${format}`;
    sums.set(key, (sums.get(key) ?? 0) + bytes);
  }
  return PART_LABELS.flatMap((label) =>
    FORMATS.flatMap((format) => {
      const bytes = sums.get(`${label} ${format}`);
      return bytes === undefined ? [] : [{ label, format, bytes }];
    }),
  );
}

/** Bytes allocated once `tokens` are committed. */
export function plannedParts(shape: CacheShape, tokens: number): CacheParts {
  return sumParts(
    shape.plan.units.flatMap((row, layer) =>
      row.flatMap((unit) => {
        const { keys, values } = distantFormats(unit);
        return [...keptParts('keys', keys, shape, layer, tokens), ...keptParts('values', values, shape, layer, tokens)];
      }),
    ),
  );
}

/** What one unit keeps of its keys, or of its values. */
function keptParts(
  label: 'keys' | 'values',
  format: Format | undefined,
  { headSize, proximity, windows }: CacheShape,
  layer: number,
  tokens: number,
): CachePart[] {
  const bytes = (pages: number, pageTokens: number, of: Format = 'f16') => pages * pageBytes(of, pageTokens, headSize);
  const pageTokens = pageTokensFor(headSize);
  const window = windows[layer] ?? 0;
  const latest = (first: number) => bytes(pagesFrom(first, tokens), recentPageTokens);
  if (window > 0) return [{ label, format: 'f16', bytes: latest(firstVisible(tokens, window)) }];
  if (format === 'f16') return [{ label, format, bytes: bytes(Math.ceil(tokens / pageTokens), pageTokens) }];
  const distant = distantEnd(tokens, proximity);
  const sinks = tokens > 0 && proximity.sinks > 0 ? 1 : 0;
  return [
    ...(format ? [{ label, format, bytes: bytes(Math.ceil(distant / pageTokens), pageTokens, format) }] : []),
    { label: 'window', format: 'f16', bytes: latest(distant) },
    { label: 'sinks', format: 'f16', bytes: bytes(sinks, proximity.sinks) },
  ];
}

/** Pages of the recent window's size that hold the tokens from `first` on. */
function pagesFrom(first: number, tokens: number): number {
  return Math.ceil(tokens / recentPageTokens) - Math.floor(first / recentPageTokens);
}

/** What the same tokens take when every unit keeps all of its own in f16, in the same pages. */
export function denseBytes(shape: Omit<CacheShape, 'plan'>, tokens: number): number {
  return totalBytes(plannedParts({ ...shape, plan: densePlan(shape.layers, shape.heads) }, tokens));
}

/** A document so long that nothing but distant tokens counts: a whole number of pages. */
const LONG = 1 << 24;

/** The share of a long document's cache that a plan saves, 0–1. */
export function longSaving(shape: Omit<CacheShape, 'proximity'>): number {
  const long = { ...shape, proximity: { sinks: 0, recent: 0 } };
  return 1 - totalBytes(plannedParts(long, LONG)) / denseBytes(long, LONG);
}
