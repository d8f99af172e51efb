import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { densePlan, evenPlan } from '../../engine/cache/plan.ts';
import { type FitRequest, planFit, requireFit, TURN_TOKENS } from '../../engine/fit.ts';

const layers = Array.from({ length: 8 }, () => 'alike');
const shape = {
  layers: 8,
  heads: 2,
  headSize: 64,
  plan: evenPlan(layers, 2, 1 / 4),
  proximity: { sinks: 16, recent: 256 },
  windows: layers.map(() => 0),
};

function request(pageTokens: number, count: number, contextTokens: number, availableBytes: number): FitRequest {
  const pages = Array.from({ length: count }, (_, index) => ({
    page: index + 1,
    start: index * pageTokens,
    end: (index + 1) * pageTokens,
  }));
  const work = { queryWidth: 256, ratio: 2 };
  return { shape, work, modelName: 'model', tokens: pageTokens * count, pages, contextTokens, availableBytes };
}

const PLENTY = 64 * 2 ** 30;

describe('fit before reading', () => {
  it('lets through what fits', () => {
    const asked = request(400, 100, 65_536, PLENTY);
    const fit = planFit(asked, 256);
    expect(fit).toMatchObject({ limit: 'none', lastPageThatFits: 100 });
    expect(() => requireFit(fit, asked)).not.toThrow();
    expect(fit.cacheBytes).toBeLessThan(fit.denseBytes);
  });

  it('names the pages that fit into the context, and they do', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 900 }), fc.integer({ min: 80, max: 500 }), (pageTokens, count) => {
        const asked = request(pageTokens, count, 8192, PLENTY);
        const fit = planFit(asked, 256);
        const last = fit.lastPageThatFits;
        expect(last * pageTokens + TURN_TOKENS).toBeLessThanOrEqual(8192);
        if (last < count) expect((last + 1) * pageTokens + TURN_TOKENS).toBeGreaterThan(8192);
        expect(fit.limit).toBe(last < count ? 'context' : 'none');
      }),
    );
  });

  it('counts memory under the plan that is chosen', () => {
    const available = planFit(request(400, 100, 65_536, PLENTY), 256);
    const enough = available.cacheBytes + available.scratchBytes + 16 * 2 ** 20;
    expect(planFit(request(400, 100, 65_536, enough), 256).limit).toBe('none');
    const dense = { ...request(400, 100, 65_536, enough), shape: { ...shape, plan: densePlan(8, 2) } };
    const fit = planFit(dense, 256);
    expect(fit.limit).toBe('memory');
    expect(() => requireFit(fit, dense)).toThrow(/memory-too-small/);
  });

  it('says so when not even the first page fits', () => {
    const asked = request(9000, 3, 8192, PLENTY);
    const fit = planFit(asked, 256);
    expect(fit.lastPageThatFits).toBe(0);
    expect(() => requireFit(fit, asked)).toThrow(
      expect.objectContaining({ detail: expect.objectContaining({ range: null }) }),
    );
  });
});
