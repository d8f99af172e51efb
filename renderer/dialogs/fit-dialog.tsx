/** What fits before anything is read: the whole under each policy, or a part; with the bytes. */
import { useEffect, useState } from 'react';
import type { DocumentEntry, PolicyName } from '../../electron/contract.ts';
import { offersPod } from '../../electron/pod-offer.ts';
import type { Fit } from '../../engine/fit.ts';
import type { Measured } from '../../engine/hosts/protocol.ts';
import { bridge } from '../bridge/bridge.ts';
import { bytes, count } from '../format.ts';
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
  const { pod, tokens } = measured;
  const offered = useAppState(({ engine }) => offersPod(engine.model));
  const policies = (['pod', 'dense'] as const).filter(
    (policy) => policy === 'dense' || (offered && pod.cacheBytes < measured.dense.cacheBytes),
  );
  return (
    <>
      <p>
        {strings.fit.intro(entry.title, count(tokens))} {strings.fit.model(count(pod.contextTokens))}{' '}
        {strings.fit.free(bytes(pod.availableBytes))}
      </p>
      <ul className="fits">
        {policies.map((policy) => (
          <Choice key={policy} entry={entry} policy={policy} fit={measured[policy]} />
        ))}
      </ul>
      <PageRange entry={entry} most={(offered ? pod : measured.dense).lastPageThatFits} />
    </>
  );
}

interface ChoiceProps {
  readonly entry: DocumentEntry;
  readonly policy: PolicyName;
  readonly fit: Fit;
}

function Choice({ entry, policy, fit }: ChoiceProps) {
  const close = useAppState((state) => state.closeDialog);
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
    <li data-policy={policy} data-fits={fits}>
      <strong>{strings.fit[policy]}</strong>
      <span>
        {strings.fit.takes(bytes(fit.cacheBytes + fit.scratchBytes))}: {verdict}
      </span>
      <button
        type="button"
        disabled={!fits}
        onClick={() => {
          close();
          void attempt(() => bridge.read({ document: entry.id, policy }));
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
