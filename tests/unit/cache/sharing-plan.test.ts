import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkPlan,
  densePlan,
  evenPlan,
  isDense,
  leaderCount,
  parsePlanFile,
} from '../../../engine/cache/sharing-plan.ts';
import { ProximaError } from '../../../engine/errors.ts';
import { arbitraryPlan } from './random.ts';

describe('sharing plans', () => {
  it('accepts any plan whose leaders lead themselves', () => {
    fc.assert(fc.property(arbitraryPlan(6, 2), (plan) => checkPlan(plan, 6, 2) === plan));
  });

  it.each([
    ['too few layers', [[0]], 2, 1],
    ['too few heads', [[0], [1]], 2, 2],
    ['a leader that comes later', [[1], [1]], 2, 1],
    ['a leader that follows', [[0], [0], [1]], 3, 1],
  ])('refuses %s', (_title, leaders, layers, heads) => {
    expect(() => checkPlan({ leaders }, layers, heads)).toThrow(ProximaError);
  });

  it('makes even blocks, each led by its first layer', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), (layers, blocks) => {
        const plan = checkPlan(evenPlan(layers, 1, Math.min(blocks, layers)), layers, 1);
        expect(leaderCount(plan)).toBe(Math.min(blocks, layers));
      }),
    );
  });

  it('knows the dense plan', () => {
    expect(isDense(densePlan(5, 2))).toBe(true);
    expect(isDense(evenPlan(5, 2, 2))).toBe(false);
  });

  it('refuses a file that is no plan', () => {
    expect(() => parsePlanFile('{"leaders": 3}', 'x.json')).toThrow(/not a sharing plan/);
    expect(() => parsePlanFile('{', 'x.json')).toThrow(ProximaError);
  });
});
