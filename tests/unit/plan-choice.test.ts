/** Which plan is used where nobody chose: the smallest that loses nothing, however the plans are ordered in their file. */
import { describe, expect, it } from 'vitest';
import { comparedPlansOf, offeredPlans, usualPlanOf } from '../../engine/plan-choice.ts';
import { offer } from './hosts/fake-hosts.ts';

const DENSE = offer('dense', 'all kept', 0);
const TRAINED = offer('pod', 'adapted', 0.37);
const PROVEN = offer('small', 'as good as dense', 0.9);
const MEASURED = offer('explored', 'measured', 0.95);
const GUESSED = offer('even', 'unmeasured', 0.36);

describe('the usual plan', () => {
  it.each([
    ['the smallest that loses nothing', [DENSE, TRAINED, PROVEN, MEASURED], 'small'],
    [
      'the one that the model was trained under, before a smaller one that costs something',
      [DENSE, TRAINED, MEASURED],
      'pod',
    ],
    ['one whose cost was measured where there is no other', [DENSE, MEASURED], 'explored'],
    ['dense where nobody knows what another costs', [DENSE, GUESSED], 'dense'],
    ['dense as long as no plans are known', [], 'dense'],
  ])('is %s', (_, plans, expected) => {
    expect(usualPlanOf(plans)).toBe(expected);
    expect(usualPlanOf(plans, 'auto')).toBe(expected);
  });

  it('is the chosen one where the model has it and its cost is known', () => {
    const plans = [DENSE, TRAINED, GUESSED, PROVEN, MEASURED];
    for (const { id } of offeredPlans(plans)) expect(usualPlanOf(plans, id)).toBe(id);
    expect(usualPlanOf(plans, 'even')).toBe('small');
    expect(usualPlanOf(plans, 'gone')).toBe('small');
  });
});

it('a document is compared with dense under the plan it was read under, or the usual one', () => {
  const plans = [DENSE, TRAINED, PROVEN];
  expect(comparedPlansOf(plans, 'pod')).toEqual(['dense', 'pod']);
  expect(comparedPlansOf(plans, 'dense')).toEqual(['dense', 'small']);
  expect(comparedPlansOf([DENSE, GUESSED], 'dense')).toEqual(['dense']);
});
