/** What an answer was given under, and what is chosen for new ones, was one of two policies; now it is the id of a cache plan. */
import { isRecord, type Migration, rewriteJson } from './migration.ts';

export const policiesAsPlans: Migration = (sqlite) => {
  rewriteJson(sqlite, { table: 'turns', key: 'id', column: 'answers' }, (answers) =>
    Array.isArray(answers) ? answers.map((each) => (isRecord(each) ? withPlan(each) : each)) : [],
  );
  sqlite.exec("UPDATE OR REPLACE settings SET name = 'plan' WHERE name = 'policy'");
};

function withPlan({ policy, ...answer }: Record<string, unknown>): unknown {
  return policy === undefined ? answer : { plan: policy, ...answer };
}
