/** A model of this machine, told by its own files. */

import type { ModelEntry } from '../../electron/contract.ts';
import { withoutPodWords } from '../../engine/words/models.ts';
import { sentencesFor } from '../../engine/words/words.ts';
import { bridge } from '../bridge/bridge.ts';
import { bytes, count } from '../format.ts';
import { attempt, loadModels } from '../state/actions.ts';
import { useAppState } from '../state/use-store.ts';
import { strings } from '../strings.ts';
import { CheckNumbers } from './check-numbers.tsx';

export function ModelItem({ model }: { readonly model: ModelEntry }) {
  const chosen = useAppState(({ settings }) => settings?.model ?? null);
  const openDialog = useAppState((state) => state.openDialog);
  const isChosen = model.builtIn ? chosen === null : chosen === model.name;
  const usable = model.verdict !== 'not supported';
  const explorable = usable && model.facts?.mostSaving !== 0;
  const use = () => void attempt(() => bridge.changeSettings({ model: model.builtIn ? null : model.name }));
  const remove = () =>
    openDialog({
      kind: 'confirm',
      title: strings.models.removeTitle,
      text: model.own ? strings.models.removeOwn(model.name) : strings.models.removeOther(model.name),
      action: strings.models.remove,
      run: () => {
        openDialog({ kind: 'models' });
        void attempt(async () => {
          await bridge.removeModel({ model: model.name });
          await loadModels();
        });
      },
    });
  return (
    <li className="model" data-usable={usable}>
      <div className="what">
        <strong>{model.builtIn ? strings.settings.builtIn : model.name}</strong>
        {model.builtIn && <p className="small">{strings.models.builtIn}</p>}
        <Facts model={model} />
        {model.facts?.plan === 'not adapted' && <CheckNumbers check={model.facts.check} />}
        {model.failure && <p className="failure small">{sentencesFor(model.failure, 'app')}</p>}
        {model.facts?.withoutPod && <p className="quiet small">{withoutPodWords(model.facts.withoutPod)}</p>}
      </div>
      <div className="buttons">
        <button type="button" disabled={isChosen || !usable} onClick={use}>
          {isChosen ? strings.models.inUse : strings.models.use}
        </button>
        {explorable && (
          <button
            type="button"
            onClick={() => openDialog({ kind: 'explore', model: model.builtIn ? null : model.name })}
          >
            {strings.explore.open}
          </button>
        )}
        {!model.builtIn && (
          <button type="button" onClick={remove}>
            {strings.models.remove}
          </button>
        )}
      </div>
    </li>
  );
}

function Facts({ model: { facts } }: { readonly model: ModelEntry }) {
  if (!facts) return null;
  const { modelType, layers, keyValueHeads, headSize, contextTokens, weightBytes, denseBytesPerThousand, plan } = facts;
  return (
    <p className="quiet small">
      {strings.models.shape(modelType, count(layers), count(keyValueHeads), count(headSize))}{' '}
      {strings.models.room(count(contextTokens), bytes(weightBytes), bytes(denseBytesPerThousand))}{' '}
      {strings.models.plans[plan]}
    </p>
  );
}
