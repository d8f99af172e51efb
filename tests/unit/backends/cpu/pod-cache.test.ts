import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Span } from '../../../../engine/attention/spans.ts';
import { part as cut, halfVectors, toNumbers } from '../../../../engine/attention/vectors.ts';
import { PodCache } from '../../../../engine/backends/cpu/pod-cache.ts';
import { VectorStore } from '../../../../engine/backends/cpu/store.ts';
import type { Format } from '../../../../engine/cache/format.ts';
import { firstVisible } from '../../../../engine/cache/local-window.ts';
import { denseBytes, plannedParts, totalBytes } from '../../../../engine/cache/memory.ts';
import { densePlan, sharingPlan, type UnitPlan } from '../../../../engine/cache/plan.ts';
import { recentStart } from '../../../../engine/cache/proximity.ts';
import { arbitraryShape, halves } from '../../cache/random.ts';

/** Every token's keys and values, as a plain record beside the cache: [layer][head] → rows. */
class Truth {
  readonly keys = new Map<string, Uint16Array>();
  readonly values = new Map<string, Uint16Array>();
}

/** Adds tokens `from`..`to` with vectors that depend on layer, head and token alone. */
function add(cache: PodCache, truth: Truth, from: number, to: number, seed = 0, commit = true): void {
  const { layers, heads, headSize } = cache.shape;
  for (let layer = 0; layer < layers; layer++) {
    const keys = new Uint16Array(heads * (to - from) * headSize);
    const values = new Uint16Array(keys.length);
    for (let head = 0; head < heads; head++) {
      for (let token = from; token < to; token++) {
        const name = `${layer},${head},${token}`;
        const key = halves(seed + layer * 7919 + head * 104729 + token * 13, headSize);
        const value = halves(seed + layer * 7919 + head * 104729 + token * 13 + 1, headSize);
        truth.keys.set(name, key);
        truth.values.set(name, value);
        const offset = (head * (to - from) + token - from) * headSize;
        keys.set(key, offset);
        values.set(value, offset);
      }
    }
    cache.append(layer, keys, values, commit);
  }
}

function row(span: Span, token: number, headSize: number, part: 'keys' | 'values'): Float32Array {
  const [count, at] = [span.end - span.start, token - span.start];
  return toNumbers(cut(span[part], count, at, at + 1), headSize);
}

/** A vector as a format keeps it; what rounding does: `vectors.test.ts`. */
function kept(bits: Uint16Array | undefined, format: Format, headSize: number): Float32Array {
  const vector = bits ?? new Uint16Array();
  if (format === 'f16') return toNumbers(halfVectors(vector), headSize);
  const store = new VectorStore(format, headSize, 1);
  store.append(vector);
  return toNumbers(store.run(0, 1).vectors, headSize);
}

/** Checks what queries at `from`..`to` of a layer see, with the window where it stands for `from`. */
function expectLayer(cache: PodCache, truth: Truth, layer: number, from: number, to: number): void {
  for (const [head, spans] of cache.spans(layer, from, to, from).entries()) {
    const { proximity, plan, windows } = cache.shape;
    const [sinks, border] = [proximity.sinks, Math.max(proximity.sinks, recentStart(from, proximity))];
    const streams = plan.units[layer]?.[head]?.role === 'stream' && from > border && border > sinks;
    let next = firstVisible(from, windows[layer] ?? 0);
    for (const span of [...spans].sort((a, b) => a.start - b.start)) {
      if (streams && next === sinks) next = border;
      expect(span.start).toBe(next);
      next = span.end;
      for (let token = span.start; token < span.end; token++) expectToken(cache, truth, span, token, layer, head, from);
    }
    expect(next).toBe(to);
  }
}

function expectToken(
  cache: PodCache,
  truth: Truth,
  span: Span,
  token: number,
  layer: number,
  head: number,
  windowAt: number,
): void {
  const { plan, proximity, headSize } = cache.shape;
  const distant = token >= proximity.sinks && token < recentStart(windowAt, proximity);
  const unit = plan.units[layer]?.[head] as UnitPlan;
  const source = distant && unit.role === 'follow' ? unit.leader : layer;
  const leading = plan.units[source]?.[head] as UnitPlan;
  const keyFormat = distant && leading.role === 'lead' ? leading.keys : 'f16';
  const valueFormat = distant && unit.role !== 'stream' ? unit.values : 'f16';
  const key = truth.keys.get(`${source},${head},${token}`);
  const value = truth.values.get(`${layer},${head},${token}`);
  expect(row(span, token, headSize, 'keys')).toEqual(kept(key, keyFormat, headSize));
  expect(row(span, token, headSize, 'values')).toEqual(kept(value, valueFormat, headSize));
}

const lengths = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 4 });

describe('the PoD cache', () => {
  it('shows every token that a unit sees once, with the own value and the key that the plan names, rounded where it says so', () => {
    fc.assert(
      fc.property(arbitraryShape, lengths, (shape, chunks) => {
        const cache = new PodCache(shape);
        const truth = new Truth();
        for (const chunk of chunks) {
          const from = cache.length;
          add(cache, truth, from, from + chunk);
          for (let layer = 0; layer < shape.layers; layer++) expectLayer(cache, truth, layer, from, from + chunk);
          cache.commit();
        }
      }),
      { numRuns: 25 },
    );
  });

  it('never has fewer than `recent` full keys before a query', () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.nat(5000), fc.nat(64), (position, recent, sinks) => {
        const start = recentStart(position, { sinks, recent });
        expect(start === sinks || position - start >= recent).toBe(true);
        expect(start).toBeLessThanOrEqual(Math.max(sinks, position));
      }),
    );
  });

  it('allocates exactly the bytes that the plan says, and counts what it allocates', () => {
    fc.assert(
      fc.property(arbitraryShape, fc.integer({ min: 1, max: 3000 }), (shape, tokens) => {
        const cache = new PodCache(shape);
        fill(cache, tokens);
        expect(cache.parts()).toEqual(plannedParts(shape, tokens));
        const dense = new PodCache({ ...shape, plan: densePlan(shape.layers, shape.heads) });
        fill(dense, tokens);
        expect(totalBytes(dense.parts())).toBe(denseBytes(shape, tokens));
      }),
      { numRuns: 40 },
    );
  });

  it('after a rewind is as if nothing had been asked, or read in a step that failed', () => {
    fc.assert(
      fc.property(
        arbitraryShape,
        fc.integer({ min: 1, max: 700 }),
        fc.integer({ min: 1, max: 700 }),
        fc.boolean(),
        (shape, tokens, asked, committing) => {
          const cache = new PodCache(shape);
          const untouched = new PodCache(shape);
          const truth = new Truth();
          for (const each of [cache, untouched]) {
            add(each, truth, 0, tokens);
            each.commit();
          }
          add(cache, truth, tokens, tokens + asked, 99, committing);
          cache.rewind();
          expect(cache.length).toBe(untouched.length);
          expect(cache.parts()).toEqual(untouched.parts());
          for (const each of [cache, untouched]) add(each, truth, tokens, tokens + 5, 3);
          for (let layer = 0; layer < shape.layers; layer++) {
            expect(cache.spans(layer, tokens, tokens + 5, tokens)).toEqual(
              untouched.spans(layer, tokens, tokens + 5, tokens),
            );
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  it('keeps of a layer with a local window no more than a page beyond it, however long the document', () => {
    const shape = { layers: 2, heads: 1, headSize: 64, plan: densePlan(2, 1), proximity: { sinks: 4, recent: 64 } };
    const bytes = (windows: number[], tokens: number) => totalBytes(plannedParts({ ...shape, windows }, tokens));
    expect(bytes([512, 512], 100_000)).toBeLessThan(2 * 2 * (512 + 2 * 256) * 64 * 2 + 1);
    expect(bytes([512, 512], 100_000)).toBe(bytes([512, 512], 25_504));
    expect(bytes([0, 512], 100_000)).toBeLessThan(0.52 * bytes([0, 0], 100_000));
  });

  it('refuses to rewind what is committed', () => {
    const cache = new PodCache({
      layers: 1,
      heads: 1,
      headSize: 8,
      plan: densePlan(1, 1),
      proximity: { sinks: 0, recent: 0 },
      windows: [0],
    });
    fill(cache, 10);
    expect(() => cache.rewind(5)).toThrow(RangeError);
  });

  it('saves at least 35 % of 16k tokens with two leaders of eight layers', () => {
    const plan = sharingPlan([0, 0, 0, 0, 0, 5, 5, 5].map((leader) => [leader]));
    const windows = plan.units.map(() => 0);
    const shape = { layers: 8, heads: 1, headSize: 64, plan, proximity: { sinks: 16, recent: 256 }, windows };
    const saving = 1 - totalBytes(plannedParts(shape, 16_384)) / denseBytes(shape, 16_384);
    expect(saving).toBeGreaterThan(0.35);
    expect(saving).toBeLessThan(0.375);
  });
});

function fill(cache: PodCache, tokens: number): void {
  const { heads, headSize } = cache.shape;
  for (let layer = 0; layer < cache.shape.layers; layer++) {
    const rows = new Uint16Array(heads * tokens * headSize);
    cache.append(layer, rows, rows, true);
  }
  cache.commit();
}
