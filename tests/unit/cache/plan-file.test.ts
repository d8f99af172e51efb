/** What a plan file may say, and what is made of it. */
import { expect, it } from 'vitest';
import { densePlan } from '../../../engine/cache/plan.ts';
import { joinPlans, type NamedPlan, parsePlanFile, standingOf } from '../../../engine/cache/plan-file.ts';

const cost = { loss: 1, perplexity: 2, found: 3, planted: 6 };
const check = { saving: 0.5, documents: ['a.txt'], dense: cost, plan: cost };
const evaluated = (dense: number, plan: number, questions = 200) => ({ questions, dense, plan, longestTokens: 4096 });

function named(id: string, more: Partial<NamedPlan> = {}): NamedPlan {
  const units = densePlan(1, 1).units.map((row) => [...row]);
  return { id, label: id, units, sinks: 16, recent: 256, adapted: false, found: 'by hand', ...more };
}

it.each([
  ['adapted', { adapted: true }],
  ['adapted', { adapted: true, evaluated: evaluated(190, 100) }],
  ['as good as dense', { evaluated: evaluated(190, 190) }],
  ['as good as dense', { evaluated: evaluated(190, 188), check }],
  ['as good as dense', { evaluated: evaluated(190, 200) }],
  ['measured', { evaluated: evaluated(190, 187) }],
  ['measured', { evaluated: evaluated(0, 0, 0) }],
  ['measured', { check }],
  ['unmeasured', {}],
])('a plan is %s by what its file says: %j', (standing, more) => {
  expect(standingOf(named('a', more))).toBe(standing);
});

it('is refused where it claims more right answers than questions, or takes the name of dense', () => {
  const file = (plan: NamedPlan) => JSON.stringify({ version: 2, plans: [plan] });
  expect(parsePlanFile(file(named('a', { evaluated: evaluated(190, 188) })), 'x').plans[0]?.evaluated?.plan).toBe(188);
  for (const plan of [
    named('dense'),
    named('a', { evaluated: evaluated(190, 201) }),
    named('a', { evaluated: evaluated(-1, 1) }),
  ])
    expect(() => parsePlanFile(file(plan), 'x')).toThrow(expect.objectContaining({ code: 'plan-invalid' }));
});

it('explored plans stand beside the model’s own, and for one of the same name', () => {
  const own = { version: 2 as const, plans: [named('pod'), named('explored', { found: 'earlier' })] };
  const joined = joinPlans(own, [named('explored', { found: 'now' })]);
  expect(joined?.plans.map(({ id, found }) => [id, found])).toEqual([
    ['pod', 'by hand'],
    ['explored', 'now'],
  ]);
  expect(joinPlans(undefined, [])).toBeUndefined();
});
