/**
 * What a cache keeps where under its plan, whatever memory it lies in. Near tokens (sinks, recent window, everything uncommitted)
 * are kept as they came in every unit. Distant ones are kept whole in the same store where the plan keeps them in f16, are rounded
 * once into a store of their own where it has another format, and are not kept where a unit streams; a follower finds them by its
 * leader's keys. Only a commit moves the recent window, so `rewind` leaves the cache as if uncommitted tokens had never been added.
 */
import type { Format } from './format.ts';
import { firstVisible } from './local-window.ts';
import {
  type CachePart,
  type CacheParts,
  type CacheShape,
  distantFormats,
  pageTokensFor,
  recentPageTokens,
  sumParts,
} from './memory.ts';
import type { CachePlan, UnitPlan } from './plan.ts';
import { distantEnd, recentStart } from './proximity.ts';

/** An append-only run of vectors of some KV heads, in pages of one format. */
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

export interface StoreShape {
  readonly heads: readonly number[];
  readonly format: Format;
  readonly pageTokens: number;
}

/** What a unit keeps of its keys, or of its values, by where a token lies. One store serves all three where all tokens stay f16. */
export interface Kept<Store extends TokenStore> {
  readonly sinks: Store;
  /** Absent where a unit keeps nothing of distant tokens. */
  readonly distant: Store | undefined;
  readonly recent: Store;
}

/** KV heads of a layer that are kept together, because the plan says the same of all of them. */
export interface Unit<Store extends TokenStore> {
  readonly plan: UnitPlan;
  readonly heads: readonly number[];
  readonly keys: Kept<Store>;
  readonly values: Kept<Store>;
  /** By whose keys distant tokens are found: the unit's own, where it does not follow. */
  readonly leader: Unit<Store> | undefined;
  /** Tokens that a row sees, itself included; 0: all. */
  readonly window: number;
}

/** Whether where a unit looks tells where in a text an answer comes from: one that streams sees its last tokens, whatever is asked. */
export function tells({ plan }: Unit<TokenStore>): boolean {
  return plan.role !== 'stream';
}

/** A run of tokens, with the stores that its keys and its values lie in. */
export interface Range<Store extends TokenStore> {
  readonly keys: Store;
  /** The unit whose heads `keys` holds: the unit itself, or its leader. */
  readonly holder: Unit<Store>;
  readonly values: Store;
  readonly start: number;
  readonly end: number;
}

export type CreateStore<Store extends TokenStore> = (shape: StoreShape) => Store;
/** How the heads of a layer are kept together. */
export type Grouping = (plan: CachePlan, layer: number) => readonly (readonly number[])[];

/** Every KV head by itself. */
export const headByHead: Grouping = ({ units }, layer) => (units[layer] ?? []).map((_, head) => [head]);

/** The KV heads of a layer of which the plan says the same, and of their leaders too, together. */
export const byPlan: Grouping = ({ units }, layer) => {
  const leaderOf = (unit: UnitPlan, head: number) => (unit.role === 'follow' ? units[unit.leader]?.[head] : undefined);
  const names = (units[layer] ?? []).map((unit, head) => JSON.stringify([unit, leaderOf(unit, head)]));
  return [...new Set(names)].map((name) => [...names.keys()].filter((head) => names[head] === name));
};

export class CacheLayout<Store extends TokenStore> {
  readonly shape: CacheShape;
  readonly layers: readonly (readonly Unit<Store>[])[];
  readonly #createStore: CreateStore<Store>;
  #committed = 0;

  constructor(shape: CacheShape, createStore: CreateStore<Store>, grouping: Grouping) {
    this.shape = shape;
    this.#createStore = createStore;
    const layers: Unit<Store>[][] = [];
    for (const layer of shape.plan.units.keys())
      layers.push(grouping(shape.plan, layer).map((heads) => this.#createUnit(layer, heads, layers)));
    this.layers = layers;
  }

  get committed(): number {
    return this.#committed;
  }

  get length(): number {
    return this.layers.at(-1)?.[0]?.values.recent.end ?? 0;
  }

  units(layer: number): readonly Unit<Store>[] {
    const units = this.layers[layer];
    if (!units) throw new RangeError(`no layer ${layer}`);
    return units;
  }

  /** The runs that queries at `from`..`to` attend to when the recent window stands for `windowAt`; none crosses `from`. */
  ranges(unit: Unit<Store>, from: number, to: number, windowAt: number): Range<Store>[] {
    const { proximity } = this.shape;
    const sinks = Math.min(from, proximity.sinks);
    const border = Math.max(sinks, Math.min(from, recentStart(windowAt, proximity)));
    const before = [
      ...rangeOf(unit, 'sinks', 0, sinks),
      ...rangeOf(unit, 'distant', sinks, border),
      ...rangeOf(unit, 'recent', border, from),
    ];
    const first = firstVisible(from, unit.window);
    const visible = joined(before).map((range) => ({ ...range, start: Math.max(first, range.start) }));
    return [...visible.filter(({ start, end }) => end > start), ...rangeOf(unit, 'recent', from, to)];
  }

  /** Of `rows` tokens at the end of `kept.recent` those that go into its sinks as well, from its first on. */
  newSinks({ sinks, recent }: Kept<Store>, rows: number): number {
    if (sinks === recent) return 0;
    return Math.min(rows, Math.max(0, this.shape.proximity.sinks - sinks.end));
  }

  /** The tokens in `kept.recent` that are distant once all of them are committed, and are not yet rounded. */
  leaving({ distant, recent }: Kept<Store>): { readonly start: number; readonly end: number } {
    const end = distantEnd(recent.end, this.shape.proximity);
    if (!distant || distant === recent || distant.end >= end) return { start: 0, end: 0 };
    return { start: distant.end, end };
  }

  /** All that will have become distant must have been rounded. */
  commit(): void {
    this.#committed = this.length;
    const distant = distantEnd(this.#committed, this.shape.proximity);
    for (const { unit, kept } of this.#kept()) {
      if (unit.window > 0) kept.recent.forgetBefore(firstVisible(this.#committed, unit.window));
      else if (kept.distant !== kept.recent) kept.recent.forgetBefore(distant);
    }
  }

  /** Throws RangeError for a length before the committed one. */
  rewind(length: number = this.#committed): void {
    if (length < this.#committed) throw new RangeError(`token ${length} is committed (${this.#committed})`);
    const distant = distantEnd(this.#committed, this.shape.proximity);
    for (const { kept } of this.#kept()) {
      kept.sinks.truncate(length);
      kept.recent.truncate(length);
      if (kept.distant !== kept.recent) kept.distant?.truncate(distant);
    }
  }

  /** Bytes that are allocated, by part: counted in the stores themselves. */
  parts(): CacheParts {
    const parts: CachePart[] = [];
    for (const { unit, label, kept } of this.#kept()) {
      const format = distantFormats(unit.plan)[label];
      if (kept.distant && format) parts.push({ label, format, bytes: kept.distant.bytes });
      if (kept.distant === kept.recent) continue;
      parts.push({ label: 'window', format: 'f16', bytes: kept.recent.bytes });
      parts.push({ label: 'sinks', format: 'f16', bytes: kept.sinks.bytes });
    }
    return sumParts(parts);
  }

  clear(): void {
    for (const { kept } of this.#kept()) for (const store of Object.values(kept)) store?.clear();
    this.#committed = 0;
  }

  #createUnit(layer: number, heads: readonly number[], before: readonly (readonly Unit<Store>[])[]): Unit<Store> {
    const window = this.shape.windows[layer] ?? 0;
    const plan = this.shape.plan.units[layer]?.[heads[0] ?? 0];
    const leaders = plan?.role === 'follow' ? before[plan.leader] : undefined;
    const leader = leaders?.find((unit) => heads.every((head) => unit.heads.includes(head)));
    if (!plan || (plan.role === 'follow' && !leader))
      throw new RangeError(`no plan for KV head ${heads[0]} of layer ${layer}`);
    const { keys, values } = distantFormats(plan);
    const kept = (format: Format | undefined) => this.#createKept(heads, format, window);
    return { plan, heads, keys: kept(keys), values: kept(values), leader, window };
  }

  #createKept(heads: readonly number[], format: Format | undefined, window: number): Kept<Store> {
    const pageTokens = window > 0 ? recentPageTokens : pageTokensFor(this.shape.headSize);
    const distant = format && this.#createStore({ heads, format, pageTokens });
    if (distant && format === 'f16') return { sinks: distant, distant, recent: distant };
    const near = (tokens: number) => this.#createStore({ heads, format: 'f16', pageTokens: tokens });
    return { sinks: near(Math.max(1, this.shape.proximity.sinks)), distant, recent: near(recentPageTokens) };
  }

  #kept(): { readonly unit: Unit<Store>; readonly label: 'keys' | 'values'; readonly kept: Kept<Store> }[] {
    return this.layers
      .flat()
      .flatMap((unit) => (['keys', 'values'] as const).map((label) => ({ unit, label, kept: unit[label] })));
  }
}

/** Tokens of one kind; nothing where there are none, or where the unit keeps none of the kind. */
function rangeOf<Store extends TokenStore>(
  unit: Unit<Store>,
  kind: keyof Kept<Store>,
  start: number,
  end: number,
): Range<Store>[] {
  const holder = kind === 'distant' ? (unit.leader ?? unit) : unit;
  const [keys, values] = [holder.keys[kind], unit.values[kind]];
  return keys && values && end > start ? [{ keys, holder, values, start, end }] : [];
}

/** Makes one range of neighbours that lie in the same stores. */
function joined<Store extends TokenStore>(ranges: readonly Range<Store>[]): Range<Store>[] {
  const result: Range<Store>[] = [];
  for (const range of ranges) {
    const last = result.at(-1);
    if (last?.keys === range.keys && last.values === range.values && last.end === range.start)
      result[result.length - 1] = { ...last, end: range.end };
    else result.push(range);
  }
  return result;
}
