import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkPlan,
  densePlan,
  describePlan,
  evenPlan,
  isDense,
  leaderCount,
  sharingPlan,
  type UnitPlan,
} from '../../../engine/cache/plan.ts';
import { parsePlanFile } from '../../../engine/cache/plan-file.ts';
import { ProximaError } from '../../../engine/errors.ts';
import { arbitraryPlan } from './random.ts';

/** Layers whose keys may all stand in for each other. */
const alike = (layers: number) => Array.from({ length: layers }, () => ({ meaning: 'same', window: 0 }));
const meaning = (...meanings: string[]) => meanings.map((each) => ({ meaning: each, window: 0 }));
const lead: UnitPlan = { role: 'lead', keys: 'f16', values: 'f16' };
const stream: UnitPlan = { role: 'stream' };
const follow = (leader: number): UnitPlan => ({ role: 'follow', leader, values: 'f16' });

describe('cache plans', () => {
  it('accepts any plan whose followers follow leaders', () => {
    fc.assert(fc.property(arbitraryPlan(6, 2), (plan) => checkPlan(plan, alike(6), 2) === plan));
  });

  it.each<[string, UnitPlan[][], number, number, RegExp]>([
    ['too few layers', [[lead]], 2, 1, /names 1 layers/],
    ['too few heads', [[lead], [lead]], 2, 2, /names 1 KV heads/],
    ['a leader that comes later', [[follow(1)], [lead]], 2, 1, /does not come before/],
    ['a unit that follows itself', [[lead], [follow(1)]], 2, 1, /does not come before/],
    ['a leader that follows', [[lead], [follow(0)], [follow(1)]], 3, 1, /follows another/],
    ['a leader that streams', [[stream], [follow(0)]], 2, 1, /keeps no distant keys/],
    [
      'a leader of another head',
      [
        [lead, stream],
        [follow(0), follow(0)],
      ],
      2,
      2,
      /keeps no distant keys/,
    ],
  ])('refuses %s', (_title, units, layers, heads, cause) => {
    expect(() => checkPlan({ units }, alike(layers), heads)).toThrow(ProximaError);
    expect(() => checkPlan({ units }, alike(layers), heads)).toThrow(cause);
  });

  it('makes even blocks, each led by its first layer', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.double({ min: 0, max: 1, noNaN: true }), (layers, share) => {
        const even = evenPlan(
          alike(layers).map((each) => each.meaning),
          1,
          share,
        );
        const plan = checkPlan(even, alike(layers), 1);
        expect(leaderCount(plan)).toBe(Math.max(1, Math.floor(layers * share)));
      }),
    );
  });

  it('shares only keys that mean the same', () => {
    const meanings = ['global', 'window of layer 1', 'global', 'none', 'global', 'none'];
    const plan = checkPlan(evenPlan(meanings, 1, 0.3), meaning(...meanings), 1);
    expect(plan).toEqual(sharingPlan([[0], [1], [0], [3], [0], [3]]));
    const wrong = sharingPlan([[0], [1], [0], [0], [0], [3]]);
    expect(() => checkPlan(wrong, meaning(...meanings), 1)).toThrow(
      'layer 3 the leader 0, whose keys are turned in another way',
    );
  });

  it('leaves layers alone that end at a window as they are', () => {
    const layers = [...alike(1), { meaning: 'window of layer 1', window: 512 }];
    checkPlan({ units: [[stream], [lead]] }, layers, 1);
    for (const unit of [stream, { ...lead, values: 'int8' as const }])
      expect(() => checkPlan({ units: [[lead], [unit]] }, layers, 1)).toThrow(/cuts layer 1/);
  });

  it('knows the dense plan', () => {
    expect(isDense(densePlan(5, 2))).toBe(true);
    expect(isDense(evenPlan(['a', 'a', 'a', 'a', 'a'], 2, 0.4))).toBe(false);
    expect(isDense({ units: [[{ ...lead, keys: 'int8' }]] })).toBe(false);
  });

  it('says a plan in a few words', () => {
    const units: UnitPlan[][] = [
      [stream, lead],
      [
        { role: 'lead', keys: 'int8', values: 'int4' },
        { role: 'follow', leader: 0, values: 'int4' },
      ],
    ];
    expect(describePlan({ units })).toEqual(['0: · lead', '1: lead:int8/int4 0:int4']);
  });
});

describe('plan files', () => {
  const made = { sinks: 16, recent: 256, adapted: true, found: 'by hand' };
  const parse = (content: unknown) => parsePlanFile(JSON.stringify(content), 'x.json');
  const named = (id: string, units: unknown) => ({ id, label: 'Small', units, ...made });

  it('reads its first version, which knew leaders alone', () => {
    const { plans } = parse({ version: 1, leaders: [[0], [0], [2]], ...made });
    expect(plans).toEqual([{ id: 'pod', label: 'PoD', units: sharingPlan([[0], [0], [2]]).units, ...made }]);
  });

  it('reads as many plans as there are', () => {
    const units = [
      [lead, stream],
      [follow(0), { role: 'lead', keys: 'int8', values: 'int4' }],
    ];
    const file = { version: 2, plans: [named('pod', units), named('small', units)] };
    expect(parse(file)).toEqual(file);
  });

  it.each([
    ['text', '{'],
    ['another object', '{"leaders": 3}'],
    ['a later version', JSON.stringify({ version: 3, plans: [named('pod', [[lead]])] })],
    ['no plan', JSON.stringify({ version: 2, plans: [] })],
    ['two of one name', JSON.stringify({ version: 2, plans: [named('a', [[lead]]), named('a', [[lead]])] })],
    ['one that calls itself dense', JSON.stringify({ version: 2, plans: [named('dense', [[lead]])] })],
    [
      'a label that a terminal obeys',
      JSON.stringify({ version: 2, plans: [{ ...named('a', [[lead]]), label: 'a\u001b[2J' }] }),
    ],
    ['a format that nobody has', JSON.stringify({ version: 2, plans: [named('a', [[{ ...lead, keys: 'int2' }]])] })],
    ['what it does not know', JSON.stringify({ version: 2, plans: [named('a', [[{ ...lead, kept: 0.5 }]])] })],
  ])('refuses %s', (_title, text) => {
    expect(() => parsePlanFile(text, 'x.json')).toThrow(/x\.json is no plan file/);
  });
});
