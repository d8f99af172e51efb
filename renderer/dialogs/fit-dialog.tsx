/** What fits before anything is read: the whole under each plan, or a part; with the bytes. */
import { useEffect, useState } from 'react';
import type { DocumentEntry } from '../../electron/contract.ts';
import type { Measured, PlanId } from '../../engine/engine.ts';
import type { Fit } from '../../engine/fit.ts';
import { offeredPlans } from '../../engine/plan-choice.ts';
import { bridge } from '../bridge/bridge.ts';
import { bytes, count } from '../format.ts';
import { planSentence } from '../plan-names.ts';
import { attempt } from '../state/actions.ts';
import { useAppState } from '../state/use-store.ts';
import { strings } from '../strings.ts';
import { Modal } from './modal.tsx';

export function FitDialog({ document }: { readonly document: string }) {
  const entry = useAppState((state) => state.documents[document]);
  const [measured, setMeasured] = useState<Measured>();
  useEffect(() => {
    void attempt(async () => setMeasured(await bridge.measure({ document })));
  }, [document]);
  return (
    <Modal title={strings.fit.title}>
      {measured && entry ? <Choices entry={entry} measured={measured} /> : <p>{strings.fit.measuring}</p>}
    </Modal>
  );
}

function Choices({ entry, measured }: { readonly entry: DocumentEntry; readonly measured: Measured }) {
  const offered = useAppState(({ engine }) => engine.plans);
  const ids = new Set(offeredPlans(offered).map(({ id }) => id));
  // The smallest first: it is the one that fits where anything does.
  const fits = measured.fits.filter(({ plan }) => ids.has(plan)).toReversed();
  const [smallest] = fits;
  if (!smallest) return null;
  return (
    <>
      <p>
        {strings.fit.intro(entry.title, count(measured.tokens))} {strings.fit.model(count(smallest.fit.contextTokens))}{' '}
        {strings.fit.free(bytes(smallest.fit.availableBytes))}
      </p>
      <ul className="fits">
        {fits.map(({ plan, fit }) => (
          <Choice key={plan} entry={entry} plan={plan} fit={fit} />
        ))}
      </ul>
      <PageRange entry={entry} most={smallest.fit.lastPageThatFits} />
    </>
  );
}

interface ChoiceProps {
  readonly entry: DocumentEntry;
  readonly plan: PlanId;
  readonly fit: Fit;
}

function Choice({ entry, plan, fit }: ChoiceProps) {
  const close = useAppState((state) => state.closeDialog);
  const offers = useAppState((state) => state.engine.plans);
  const fits = fit.limit === 'none';
  const last = count(fit.lastPageThatFits);
  const verdict = fits
    ? strings.fit.fits
    : fit.lastPageThatFits === 0
      ? strings.fit.nothingFits
      : fit.limit === 'context'
        ? strings.fit.tooLong(last)
        : strings.fit.tooLarge(last);
  return (
    <li data-plan={plan} data-fits={fits}>
      <strong>{planSentence(plan, offers)}</strong>
      <span>
        {strings.fit.takes(bytes(fit.cacheBytes + fit.scratchBytes))}: {verdict}
      </span>
      <button
        type="button"
        disabled={!fits}
        onClick={() => {
          close();
          void attempt(() => bridge.read({ document: entry.id, plan }));
        }}
      >
        {strings.fit.read}
      </button>
    </li>
  );
}

function PageRange({ entry, most }: { readonly entry: DocumentEntry; readonly most: number }) {
  const close = useAppState((state) => state.closeDialog);
  const [first, setFirst] = useState(1);
  const [last, setLast] = useState(Math.max(1, most));
  return (
    <form
      className="range"
      onSubmit={(event) => {
        event.preventDefault();
        close();
        void attempt(() => bridge.read({ document: entry.id, pages: { first, last } }));
      }}
    >
      <h3>{strings.fit.readPart}</h3>
      <PageField label={strings.fit.from} most={entry.pages} value={first} onChange={setFirst} />
      <PageField label={strings.fit.to} most={entry.pages} value={last} onChange={setLast} />
      <button type="submit" disabled={!(first >= 1 && first <= last && last <= entry.pages)}>
        {strings.fit.readRange}
      </button>
      <p className="quiet small">{strings.fit.partNote}</p>
    </form>
  );
}

interface PageFieldProps {
  readonly label: string;
  readonly most: number;
  readonly value: number;
  readonly onChange: (page: number) => void;
}

function PageField({ label, most, value, onChange }: PageFieldProps) {
  return (
    <label>
      {label}
      <input type="number" min={1} max={most} value={value} onChange={({ target }) => onChange(target.valueAsNumber)} />
    </label>
  );
}
