/** What sharing costs a model that was not trained for it, as it was measured on the reader's own documents. */
import type { PlanCheck } from '../../engine/cache/plan-file.ts';
import { percent } from '../format.ts';
import { strings } from '../strings.ts';

export function CheckNumbers({ check }: { readonly check: PlanCheck | null }) {
  if (!check) return <p className="warning small">{strings.explore.unmeasured}</p>;
  const { dense, plan, saving, documents } = check;
  const facts = (cost: PlanCheck['dense']) => strings.explore.facts(cost.found, cost.planted);
  const perplexity = (cost: PlanCheck['dense']) => cost.perplexity.toFixed(2);
  return (
    <table className="check small">
      <caption>
        {strings.explore.saves(percent(saving))} {strings.explore.notAdapted} {strings.explore.measuredOn(documents)}
      </caption>
      <thead>
        <tr>
          <th scope="col">{strings.explore.cache}</th>
          <th scope="col">{strings.explore.perplexity}</th>
          <th scope="col">{strings.explore.planted}</th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">{strings.compare.plans.dense}</th>
          <td>{perplexity(dense)}</td>
          <td>{facts(dense)}</td>
        </tr>
        <tr>
          <th scope="row">{strings.explore.plan}</th>
          <td>{perplexity(plan)}</td>
          <td>{facts(plan)}</td>
        </tr>
      </tbody>
    </table>
  );
}
