/** The model's cache plans: what each takes of the document at hand, what is known of its cost, and which one is used. */
import { useEffect, useState } from 'react';
import type { Measured, PlanOffer } from '../../engine/engine.ts';
import { drawPlan } from '../../engine/explore/plan-picture.ts';
import { usualPlanOf } from '../../engine/plan-choice.ts';
import { bridge } from '../bridge/bridge.ts';
import { bytes, count, percent } from '../format.ts';
import { CheckNumbers } from '../models/check-numbers.tsx';
import { planName } from '../plan-names.ts';
import { attempt } from '../state/actions.ts';
import { useAppState } from '../state/use-store.ts';
import { strings } from '../strings.ts';

const AUTO = 'auto';

interface PlanChooserProps {
  /** Id of a plan, or 'auto'. */
  readonly chosen: string;
  readonly onChoose: (plan: string) => void;
}

export function PlanChooser({ chosen, onChoose }: PlanChooserProps) {
  const plans = useAppState((state) => state.engine.plans);
  const measured = useMeasured();
  const used = usualPlanOf(plans, chosen);
  const known = plans.some(({ id }) => id === chosen) ? chosen : AUTO;
  const choice = { chosen: known, onChoose };
  const usual = planName(usualPlanOf(plans, AUTO), plans);
  return (
    <fieldset className="plans">
      <legend>{strings.plans.title}</legend>
      <ul>
        <Choice {...choice} id={AUTO} name={strings.plans.usual}>
          {plans.length > 0 && <p className="quiet small">{strings.plans.now(usual)}</p>}
        </Choice>
        {plans.map((plan) => (
          <Choice
            key={plan.id}
            {...choice}
            id={plan.id}
            name={planName(plan.id, plans)}
            isUsed={plan.id === used}
            disabled={plan.standing === 'unmeasured'}
          >
            <Facts plan={plan} measured={measured} />
          </Choice>
        ))}
      </ul>
    </fieldset>
  );
}

/** What the document that is looked at would take under each plan; undefined where there is none, or nobody knows yet. */
function useMeasured(): { readonly title: string; readonly fits: Measured['fits'] } | undefined {
  const entry = useAppState(({ document, documents }) => (document === undefined ? undefined : documents[document]));
  const isReady = useAppState(({ engine }) => engine.state === 'ready');
  const plans = useAppState(({ engine }) => engine.plans);
  const [measured, setMeasured] = useState<{ title: string; fits: Measured['fits'] }>();
  const [id, title] = entry?.state === 'stored' ? [entry.id, entry.title] : [];
  useEffect(() => {
    setMeasured(undefined);
    if (id === undefined || title === undefined || !isReady || plans.length === 0) return;
    void attempt(async () => setMeasured({ title, fits: (await bridge.measure({ document: id })).fits }));
  }, [id, title, isReady, plans]);
  return measured;
}

interface ChoiceProps extends PlanChooserProps {
  readonly id: string;
  readonly name: string;
  readonly isUsed?: boolean;
  readonly disabled?: boolean;
  readonly children: React.ReactNode;
}

function Choice({ id, name, chosen, onChoose, isUsed = false, disabled = false, children }: ChoiceProps) {
  return (
    <li data-plan={id}>
      <label className="check-field">
        <input
          type="radio"
          name="plan"
          aria-describedby={`plan-${id}`}
          checked={chosen === id}
          disabled={disabled}
          onChange={() => onChoose(id)}
        />
        {name}
        {isUsed && <span className="used small">{strings.plans.used}</span>}
      </label>
      <div id={`plan-${id}`}>{children}</div>
    </li>
  );
}

interface FactsProps {
  readonly plan: PlanOffer;
  readonly measured: ReturnType<typeof useMeasured>;
}

function Facts({ plan, measured }: FactsProps) {
  const { saving, check, evaluated, found } = plan;
  const [dense, fit] = ['dense', plan.id].map((id) => measured?.fits.find((each) => each.plan === id)?.fit);
  const less = dense && fit ? 1 - fit.cacheBytes / dense.cacheBytes : saving;
  return (
    <>
      <p className="small">
        {measured && fit && strings.plans.takes(bytes(fit.cacheBytes), measured.title)}{' '}
        {less > 0 && strings.plans.less(percent(less), measured !== undefined)} {standingWords(plan)}
      </p>
      {evaluated && (
        <p className="small">
          {strings.plans.evaluated(
            count(evaluated.questions),
            count(evaluated.longestTokens),
            count(evaluated.plan),
            count(evaluated.dense),
          )}
        </p>
      )}
      <p className="quiet small">{strings.plans.found(found)}</p>
      <details className="small">
        <summary>{strings.plans.more(planName(plan.id, [plan]))}</summary>
        <PlanPicture plan={plan} />
        {check && <CheckNumbers check={check} />}
      </details>
    </>
  );
}

function PlanPicture({ plan }: { readonly plan: PlanOffer }) {
  const name = planName(plan.id, [plan]);
  const picture = `data:image/svg+xml,${encodeURIComponent(drawPlan(plan, name))}`;
  return <img src={picture} alt={strings.plans.picture(name)} />;
}

function standingWords({ standing }: PlanOffer): string {
  return strings.plans.standings[standing];
}
