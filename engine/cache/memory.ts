/**
 * The arithmetic of the cache's memory, in bytes: one formula for the plan before reading, the allocator's page sizes
 * and the figures shown. Pure; pod.md, "Memory", rounded up to whole pages.
 */
import { pageBytes } from './half-store.ts';
import { type Proximity, recentStart, type SharingPlan, WINDOW_STEP } from './sharing-plan.ts';

export interface CacheShape {
  readonly layers: number;
  readonly heads: number;
  readonly headSize: number;
  readonly plan: SharingPlan;
  readonly proximity: Proximity;
}

/** Bytes by part. */
export interface CacheParts {
  readonly values: number;
  readonly leaderKeys: number;
  readonly followerKeys: number;
  readonly sinks: number;
}

/** Bytes of one page at most: small enough that little is reserved ahead, large enough to be one matrix product. */
const PAGE_BYTES = 1 << 19;

/** Tokens a page of values or leader keys: a power of two, a multiple of the window's step. */
export function pageTokensFor(headSize: number): number {
  return Math.max(WINDOW_STEP, 2 ** Math.floor(Math.log2(PAGE_BYTES / (2 * headSize))));
}

/** Tokens a page of a follower's recent keys. */
export const recentPageTokens = WINDOW_STEP;

export function totalBytes(parts: CacheParts): number {
  return parts.values + parts.leaderKeys + parts.followerKeys + parts.sinks;
}

/** Bytes allocated once `tokens` are committed. */
export function plannedParts(shape: CacheShape, tokens: number): CacheParts {
  const { layers, heads, headSize, proximity } = shape;
  const pageTokens = pageTokensFor(headSize);
  const full = Math.ceil(tokens / pageTokens) * pageBytes(pageTokens, headSize);
  const followers = shape.plan.leaders.reduce(
    (sum, row, layer) => sum + row.filter((leader) => leader !== layer).length,
    0,
  );
  const recentPages =
    Math.ceil(tokens / recentPageTokens) - Math.floor(recentBorder(tokens, proximity) / recentPageTokens);
  const sinkPages = tokens > 0 && proximity.sinks > 0 ? 1 : 0;
  return {
    values: layers * heads * full,
    leaderKeys: (layers * heads - followers) * full,
    followerKeys: followers * recentPages * pageBytes(recentPageTokens, headSize),
    sinks: followers * sinkPages * pageBytes(proximity.sinks, headSize),
  };
}

function recentBorder(tokens: number, proximity: Proximity): number {
  return Math.min(tokens, recentStart(tokens, proximity));
}

/** What the same tokens take when every layer keeps its own keys, in the same pages. */
export function denseBytes(shape: Pick<CacheShape, 'layers' | 'heads' | 'headSize'>, tokens: number): number {
  const pageTokens = pageTokensFor(shape.headSize);
  return 2 * shape.layers * shape.heads * Math.ceil(tokens / pageTokens) * pageBytes(pageTokens, shape.headSize);
}
