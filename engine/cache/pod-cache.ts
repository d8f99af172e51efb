/**
 * The PoD cache: values of every token for every layer and KV head; keys of every token for leaders; for followers keys
 * of the sinks and of the recent window only. Nothing is dropped: a follower's distant tokens are seen through its
 * leader's keys. Tokens are uncommitted until `commit`; only a commit moves the recent window, so `rewind` leaves the
 * cache as if they had never been added.
 */
import { HalfStore } from './half-store.ts';
import type { KeyValueCache } from './key-value-cache.ts';
import { type CacheParts, type CacheShape, pageTokensFor, recentPageTokens } from './memory.ts';
import { type Proximity, recentStart } from './sharing-plan.ts';
import { pairSpans, type Span } from './spans.ts';

interface LeaderStore {
  readonly values: HalfStore;
  readonly keys: HalfStore;
}

interface FollowerStore {
  readonly values: HalfStore;
  readonly leader: LeaderStore;
  readonly sinks: HalfStore;
  readonly recent: HalfStore;
}

type HeadStore = LeaderStore | FollowerStore;

function isFollower(store: HeadStore): store is FollowerStore {
  return 'leader' in store;
}

export class PodCache implements KeyValueCache {
  readonly shape: CacheShape;
  readonly #heads: HeadStore[][];
  #committed = 0;

  constructor(shape: CacheShape) {
    this.shape = shape;
    this.#heads = [];
    for (const [layer, leaders] of shape.plan.leaders.entries()) {
      this.#heads.push(leaders.map((leader, head) => this.#createStore(layer, leader, head)));
    }
  }

  get proximity(): Proximity {
    return this.shape.proximity;
  }

  get committed(): number {
    return this.#committed;
  }

  get length(): number {
    return this.#heads.at(-1)?.[0]?.values.end ?? 0;
  }

  append(layer: number, keys: Uint16Array, values: Uint16Array): void {
    const { heads } = this.shape;
    const size = keys.length / heads;
    for (const [head, store] of this.#layer(layer).entries()) {
      const keyRows = keys.subarray(head * size, (head + 1) * size);
      store.values.append(values.subarray(head * size, (head + 1) * size));
      if (isFollower(store)) this.#appendToFollower(store, keyRows);
      else store.keys.append(keyRows);
    }
  }

  spans(layer: number, from: number, to: number, windowAt: number): Span[][] {
    return this.#layer(layer).map((store) => [
      ...this.#past(store, from, windowAt),
      ...pairSpans(isFollower(store) ? store.recent : store.keys, store.values, from, to),
    ]);
  }

  /** Keeps every token added so far and moves the recent window. */
  commit(): void {
    this.#committed = this.length;
    const border = recentStart(this.#committed, this.shape.proximity);
    for (const store of this.#followers()) store.recent.forgetBefore(border);
  }

  /** Drops the uncommitted tokens from `length` on. Throws RangeError for a length before the committed one. */
  rewind(length: number = this.#committed): void {
    if (length < this.#committed) throw new RangeError(`token ${length} is committed (${this.#committed})`);
    for (const store of this.#heads.flat()) {
      store.values.truncate(length);
      if (isFollower(store)) {
        store.sinks.truncate(length);
        store.recent.truncate(length);
      } else store.keys.truncate(length);
    }
  }

  /** Bytes that are allocated, by part: counted in the stores themselves. */
  parts(): CacheParts {
    const parts = { values: 0, leaderKeys: 0, followerKeys: 0, sinks: 0 };
    for (const store of this.#heads.flat()) {
      parts.values += store.values.bytes;
      if (isFollower(store)) {
        parts.sinks += store.sinks.bytes;
        parts.followerKeys += store.recent.bytes;
      } else parts.leaderKeys += store.keys.bytes;
    }
    return parts;
  }

  clear(): void {
    for (const store of this.#heads.flat()) {
      store.values.clear();
      if (isFollower(store)) {
        store.sinks.clear();
        store.recent.clear();
      } else store.keys.clear();
    }
    this.#committed = 0;
  }

  #past(store: HeadStore, from: number, windowAt: number): Span[] {
    if (!isFollower(store)) return pairSpans(store.keys, store.values, 0, from);
    const sinks = Math.min(from, this.shape.proximity.sinks);
    const border = Math.min(from, recentStart(windowAt, this.shape.proximity));
    const distant = border > sinks ? pairSpans(store.leader.keys, store.values, sinks, border) : [];
    return [
      ...pairSpans(store.sinks, store.values, 0, sinks),
      ...distant,
      ...pairSpans(store.recent, store.values, Math.max(sinks, border), from),
    ];
  }

  /** Sinks go to both stores: as long as they are recent they are read there. */
  #appendToFollower(store: FollowerStore, rows: Uint16Array): void {
    const missing = Math.max(0, this.shape.proximity.sinks - store.sinks.end) * this.shape.headSize;
    if (missing > 0) store.sinks.append(rows.subarray(0, Math.min(missing, rows.length)));
    store.recent.append(rows);
  }

  #createStore(layer: number, leader: number, head: number): HeadStore {
    const { headSize, proximity } = this.shape;
    const pageTokens = pageTokensFor(headSize);
    const values = new HalfStore(headSize, pageTokens);
    const leading = this.#heads[leader]?.[head];
    if (leader === layer || !leading || isFollower(leading))
      return { values, keys: new HalfStore(headSize, pageTokens) };
    return {
      values,
      leader: leading,
      sinks: new HalfStore(headSize, Math.max(1, proximity.sinks)),
      recent: new HalfStore(headSize, recentPageTokens),
    };
  }

  #layer(layer: number): HeadStore[] {
    const heads = this.#heads[layer];
    if (!heads) throw new RangeError(`no layer ${layer}`);
    return heads;
  }

  #followers(): FollowerStore[] {
    return this.#heads.flat().filter(isFollower);
  }
}
