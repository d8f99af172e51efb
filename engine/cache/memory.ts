/**
 * The arithmetic of the cache's memory, in bytes: one formula for the plan before reading, the allocator's page sizes
 * and the figures shown. Pure; pod.md, "Memory", rounded up to whole pages.
 */
import { firstVisible } from './local-window.ts';
import { type Proximity, recentStart, type SharingPlan, WINDOW_STEP } from './sharing-plan.ts';

export interface CacheShape {
  readonly layers: number;
  readonly heads: number;
  readonly headSize: number;
  readonly plan: SharingPlan;
  readonly proximity: Proximity;
  /** For each layer how many tokens a row sees, itself included; 0: all. Such layers keep no more than that. */
  readonly windows: readonly number[];
  /** How long the text may grow, with question and answer; models that turn keys of short texts otherwise ask. Left out: any length. */
  readonly expectedTokens?: number | undefined;
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

const BYTES_AN_ELEMENT = 2;

/** Bytes of a page of f16 vectors. */
export function pageBytes(pageTokens: number, width: number): number {
  return pageTokens * width * BYTES_AN_ELEMENT;
}

/** Tokens a page of values or leader keys: a power of two, a multiple of the window's step. */
export function pageTokensFor(headSize: number): number {
  return Math.max(WINDOW_STEP, 2 ** Math.floor(Math.log2(PAGE_BYTES / (2 * headSize))));
}

/** Tokens a page of a follower's recent keys, and of all that a layer with a window keeps. */
export const recentPageTokens = WINDOW_STEP;

export function totalBytes(parts: CacheParts): number {
  return parts.values + parts.leaderKeys + parts.followerKeys + parts.sinks;
}

/** Bytes allocated once `tokens` are committed. */
export function plannedParts(shape: CacheShape, tokens: number): CacheParts {
  const { heads, headSize, proximity } = shape;
  const pageTokens = pageTokensFor(headSize);
  const full = Math.ceil(tokens / pageTokens) * pageBytes(pageTokens, headSize);
  const layers = shape.windows.filter((window) => window === 0).length;
  const local = heads * localBytes(shape, tokens);
  const followers = shape.plan.leaders.reduce(
    (sum, row, layer) => sum + row.filter((leader) => leader !== layer).length,
    0,
  );
  const recentPages =
    Math.ceil(tokens / recentPageTokens) - Math.floor(recentBorder(tokens, proximity) / recentPageTokens);
  const sinkPages = tokens > 0 && proximity.sinks > 0 ? 1 : 0;
  return {
    values: layers * heads * full + local,
    leaderKeys: (layers * heads - followers) * full + local,
    followerKeys: followers * recentPages * pageBytes(recentPageTokens, headSize),
    sinks: followers * sinkPages * pageBytes(proximity.sinks, headSize),
  };
}

/** What the layers that see only a window keep of a KV head's keys, and as much of its values. */
function localBytes({ windows, headSize }: Pick<CacheShape, 'windows' | 'headSize'>, tokens: number): number {
  const pages = (window: number) =>
    Math.ceil(tokens / recentPageTokens) - Math.floor(firstVisible(tokens, window) / recentPageTokens);
  const local = windows.filter((window) => window > 0);
  return local.reduce((sum, window) => sum + pages(window) * pageBytes(recentPageTokens, headSize), 0);
}

function recentBorder(tokens: number, proximity: Proximity): number {
  return Math.min(tokens, recentStart(tokens, proximity));
}

/** What the same tokens take when every layer keeps its own keys, in the same pages. */
export function denseBytes(shape: Pick<CacheShape, 'heads' | 'headSize' | 'windows'>, tokens: number): number {
  const { heads, headSize, windows } = shape;
  const pageTokens = pageTokensFor(headSize);
  const layers = windows.filter((window) => window === 0).length;
  const full = layers * Math.ceil(tokens / pageTokens) * pageBytes(pageTokens, headSize);
  return 2 * heads * (full + localBytes(shape, tokens));
}
