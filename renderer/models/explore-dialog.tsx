/** Looks for a model's sharing plan on documents that the reader chooses, and shows what it costs before PoD is offered. */

import { useEffect, useState } from 'react';
import type { Exploration } from '../../electron/contract.ts';
import { sentencesFor } from '../../engine/words/words.ts';
import { bridge } from '../bridge/bridge.ts';
import { Modal } from '../dialogs/modal.tsx';
import { count, percent, seconds } from '../format.ts';
import { attempt, loadModels } from '../state/actions.ts';
import { inOrder } from '../state/documents.ts';
import { useAppState } from '../state/use-store.ts';
import { strings } from '../strings.ts';
import { CheckNumbers } from './check-numbers.tsx';

const SAVINGS = [null, 0.25, 0.5, 0.75, 0.9] as const;

export function ExploreDialog({ model }: { readonly model: string | null }) {
  const models = useAppState((state) => state.models);
  const openDialog = useAppState((state) => state.openDialog);
  useEffect(() => {
    if (!models) void attempt(loadModels);
  }, [models]);
  const exploration = models?.exploration?.model === model ? models.exploration : null;
  return (
    <Modal title={strings.explore.title(model ?? strings.settings.builtIn)}>
      <p className="quiet small">{strings.explore.intro}</p>
      {exploration?.state === 'running' ? <UnderWay exploration={exploration} /> : <Start model={model} />}
      {exploration?.failure && <p className="failure">{sentencesFor(exploration.failure, 'app')}</p>}
      {exploration?.state === 'done' && <CheckNumbers check={exploration.check} />}
      <menu>
        <button type="button" onClick={() => openDialog({ kind: 'models' })}>
          {strings.explore.back}
        </button>
      </menu>
    </Modal>
  );
}

function UnderWay({ exploration: { done, total, seconds: taken } }: { readonly exploration: Exploration }) {
  return (
    <div className="model">
      <div className="what">
        <progress aria-label={strings.explore.progress} max={Math.max(1, total)} value={done} />
        <p className="quiet small">
          {total === 0
            ? strings.explore.loading
            : strings.explore.tried(count(done), count(total), seconds((taken / done) * (total - done)))}
        </p>
      </div>
      <button type="button" onClick={() => void attempt(() => bridge.cancelExploration({}))}>
        {strings.cancel}
      </button>
    </div>
  );
}

function Start({ model }: { readonly model: string | null }) {
  const documents = inOrder(useAppState((state) => state.documents)).filter(({ state }) => state === 'stored');
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [saving, setSaving] = useState<number | null>(null);
  if (documents.length === 0) return <p className="warning">{strings.explore.noDocuments}</p>;
  const toggle = (id: string) =>
    setChosen((before) => (before.includes(id) ? before.filter((each) => each !== id) : [...before, id]));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void attempt(() => bridge.explore({ model, documents: [...chosen], saving }));
      }}
    >
      <fieldset>
        <legend>{strings.explore.documents}</legend>
        {documents.map(({ id, title }) => (
          <label key={id} className="check-field">
            <input type="checkbox" checked={chosen.includes(id)} onChange={() => toggle(id)} />
            {title}
          </label>
        ))}
      </fieldset>
      <label>
        {strings.explore.goal}
        <select value={saving ?? ''} onChange={({ target }) => setSaving(target.value ? Number(target.value) : null)}>
          {SAVINGS.map((each) => (
            <option key={each ?? 'free'} value={each ?? ''}>
              {each === null ? strings.explore.free : strings.explore.save(percent(each))}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" className="primary" disabled={chosen.length === 0}>
        {strings.explore.start}
      </button>
    </form>
  );
}
