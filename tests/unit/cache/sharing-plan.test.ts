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

/** Layers whose keys may all stand in for each other. */
const alike = (layers: number) => Array.from({ length: layers }, () => 'same');

describe('sharing plans', () => {
  it('accepts any plan whose leaders lead themselves', () => {
    fc.assert(fc.property(arbitraryPlan(6, 2), (plan) => checkPlan(plan, alike(6), 2) === plan));
  });

  it.each([
    ['too few layers', [[0]], 2, 1],
    ['too few heads', [[0], [1]], 2, 2],
    ['a leader that comes later', [[1], [1]], 2, 1],
    ['a leader that follows', [[0], [0], [1]], 3, 1],
  ])('refuses %s', (_title, leaders, layers, heads) => {
    expect(() => checkPlan({ leaders }, alike(layers), heads)).toThrow(ProximaError);
  });

  it('makes even blocks, each led by its first layer', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.double({ min: 0, max: 1, noNaN: true }), (layers, share) => {
        const plan = checkPlan(evenPlan(alike(layers), 1, share), alike(layers), 1);
        expect(leaderCount(plan)).toBe(Math.max(1, Math.floor(layers * share)));
      }),
    );
  });

  it('shares only keys that mean the same', () => {
    const meanings = ['global', 'window of layer 1', 'global', 'none', 'global', 'none'];
    const plan = checkPlan(evenPlan(meanings, 1, 0.3), meanings, 1);
    expect(plan.leaders.flat()).toEqual([0, 1, 0, 3, 0, 3]);
    const wrong = { leaders: [[0], [1], [0], [0], [0], [3]] };
    expect(() => checkPlan(wrong, meanings, 1)).toThrow('layer 3 the leader 0, whose keys are turned in another way');
  });

  it('knows the dense plan', () => {
    expect(isDense(densePlan(5, 2))).toBe(true);
    expect(isDense(evenPlan(alike(5), 2, 0.4))).toBe(false);
  });

  it('refuses a file that is no plan', () => {
    expect(() => parsePlanFile('{"leaders": 3}', 'x.json')).toThrow(/x\.json is no plan file/);
    expect(() => parsePlanFile('{', 'x.json')).toThrow(ProximaError);
  });
});
