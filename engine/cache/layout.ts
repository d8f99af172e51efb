/**
 * What a PoD cache keeps where, whatever memory it lies in: values of every token for every layer and KV head; keys of
 * every token for leaders; for followers keys of the sinks and of the recent window only. Nothing that a model looks at is
 * dropped: a follower's distant tokens are seen through its leader's keys, and only layers whose own attention ends at a
 * local window let go of what is behind it. Tokens are uncommitted until `commit`; only a commit
 * moves the recent window, so `rewind` leaves the cache as if they had never been added.
 */
import { firstVisible } from './local-window.ts';
import { type CacheParts, type CacheShape, pageTokensFor, recentPageTokens } from './memory.ts';
import { type Proximity, recentStart } from './sharing-plan.ts';

/** An append-only run of vectors of some KV heads, in pages. */
export interface TokenStore {
  /** One past the last token. */
  readonly end: number;
  readonly bytes: number;
  /** Takes back every token from `end` on. */
  truncate(end: number): void;
  /** Lets go of the pages that hold only tokens before `start`. */
  forgetBefore(start: number): void;
  clear(): void;
}

/** KV heads of a layer that are kept together: all of them lead, or all follow one unit. */
export interface LeadingUnit<Store extends TokenStore> {
  readonly heads: readonly number[];
  readonly values: Store;
  readonly keys: Store;
  /** Tokens that a row sees, itself included; 0: all. */
  readonly window: number;
}

export interface FollowingUnit<Store extends TokenStore> {
  readonly heads: readonly number[];
  readonly values: Store;
  readonly leader: LeadingUnit<Store>;
  readonly sinks: Store;
  readonly recent: Store;
}

export type Unit<Store extends TokenStore> = LeadingUnit<Store> | FollowingUnit<Store>;

/** Of `rows` new tokens those that are sinks: a follower keeps them in both its stores, as they are read there while recent. */
export function newSinks(unit: FollowingUnit<TokenStore>, rows: number, { sinks }: Proximity): number {
  return Math.min(rows, Math.max(0, sinks - unit.sinks.end));
}

export function follows<Store extends TokenStore>(unit: Unit<Store>): unit is FollowingUnit<Store> {
  return 'leader' in unit;
}

/** A run of tokens and the keys that stand for them. */
export interface KeyRange<Store extends TokenStore> {
  readonly keys: Store;
  /** The unit whose heads `keys` holds: the unit itself, or its leader. */
  readonly holder: Unit<Store>;
  readonly start: number;
  readonly end: number;
}

export type CreateStore<Store extends TokenStore> = (heads: readonly number[], pageTokens: number) => Store;
/** How the heads of a layer are kept together, given their leaders. */
export type Grouping = (leaders: readonly number[], layer: number) => readonly (readonly number[])[];

/** Every KV head by itself. */
export const headByHead: Grouping = (leaders) => leaders.map((_, head) => [head]);

/** The KV heads of a layer that have one leader, together. */
export const byLeader: Grouping = (leaders) =>
  [...new Set(leaders)].map((leader) => [...leaders.keys()].filter((head) => leaders[head] === leader));

export class CacheLayout<Store extends TokenStore> {
  readonly shape: CacheShape;
  readonly layers: readonly (readonly Unit<Store>[])[];
  #committed = 0;

  constructor(shape: CacheShape, createStore: CreateStore<Store>, grouping: Grouping) {
    this.shape = shape;
    const layers: Unit<Store>[][] = [];
    for (const [layer, leaders] of shape.plan.leaders.entries()) {
      layers.push(
        grouping(leaders, layer).map((heads) => {
          const leader = leaders[heads[0] ?? 0] ?? layer;
          const leading = layers[leader]?.find((unit) => heads.every((head) => unit.heads.includes(head)));
          return this.#createUnit(layer, heads, leader === layer ? undefined : leading, createStore);
        }),
      );
    }
    this.layers = layers;
  }

  get committed(): number {
    return this.#committed;
  }

  get length(): number {
    return this.layers.at(-1)?.[0]?.values.end ?? 0;
  }

  units(layer: number): readonly Unit<Store>[] {
    const units = this.layers[layer];
    if (!units) throw new RangeError(`no layer ${layer}`);
    return units;
  }

  /** The runs that queries at `from`..`to` attend to when the recent window stands for `windowAt`; none crosses `from`. */
  ranges(unit: Unit<Store>, from: number, to: number, windowAt: number): KeyRange<Store>[] {
    const range = (keys: Store, holder: Unit<Store>, start: number, end: number) => ({ keys, holder, start, end });
    const nonEmpty = (ranges: KeyRange<Store>[]) => ranges.filter(({ start, end }) => end > start);
    if (!follows(unit)) {
      return nonEmpty([
        range(unit.keys, unit, firstVisible(from, unit.window), from),
        range(unit.keys, unit, from, to),
      ]);
    }
    const sinks = Math.min(from, this.shape.proximity.sinks);
    const border = Math.min(from, recentStart(windowAt, this.shape.proximity));
    return nonEmpty([
      range(unit.sinks, unit, 0, sinks),
      range(unit.leader.keys, unit.leader, sinks, border),
      range(unit.recent, unit, Math.max(sinks, border), from),
      range(unit.recent, unit, from, to),
    ]);
  }

  commit(): void {
    this.#committed = this.length;
    const border = recentStart(this.#committed, this.shape.proximity);
    for (const unit of this.#all()) {
      if (follows(unit)) unit.recent.forgetBefore(border);
      else if (unit.window > 0) {
        const first = firstVisible(this.#committed, unit.window);
        for (const store of [unit.keys, unit.values]) store.forgetBefore(first);
      }
    }
  }

  /** Throws RangeError for a length before the committed one. */
  rewind(length: number = this.#committed): void {
    if (length < this.#committed) throw new RangeError(`token ${length} is committed (${this.#committed})`);
    for (const store of this.#stores()) store.truncate(length);
  }

  /** Bytes that are allocated, by part: counted in the stores themselves. */
  parts(): CacheParts {
    const parts = { values: 0, leaderKeys: 0, followerKeys: 0, sinks: 0 };
    for (const unit of this.#all()) {
      parts.values += unit.values.bytes;
      if (follows(unit)) {
        parts.sinks += unit.sinks.bytes;
        parts.followerKeys += unit.recent.bytes;
      } else parts.leaderKeys += unit.keys.bytes;
    }
    return parts;
  }

  clear(): void {
    for (const store of this.#stores()) store.clear();
    this.#committed = 0;
  }

  #createUnit(
    layer: number,
    heads: readonly number[],
    leading: Unit<Store> | undefined,
    createStore: CreateStore<Store>,
  ): Unit<Store> {
    const { headSize, proximity, windows } = this.shape;
    const window = windows[layer] ?? 0;
    const pageTokens = window > 0 ? recentPageTokens : pageTokensFor(headSize);
    const values = createStore(heads, pageTokens);
    if (!leading || follows(leading)) return { heads, values, keys: createStore(heads, pageTokens), window };
    return {
      heads,
      values,
      leader: leading,
      sinks: createStore(heads, Math.max(1, proximity.sinks)),
      recent: createStore(heads, recentPageTokens),
    };
  }

  #all(): Unit<Store>[] {
    return this.layers.flat();
  }

  #stores(): Store[] {
    return this.#all().flatMap((unit) =>
      follows(unit) ? [unit.values, unit.sinks, unit.recent] : [unit.values, unit.keys],
    );
  }
}
