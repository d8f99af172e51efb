/** Models of other programs on this machine: looked for when asked, imported by a click. */
import { useState } from 'react';
import type { FoundModel } from '../../electron/contract.ts';
import { withoutPodWords } from '../../engine/words/models.ts';
import { sentencesFor } from '../../engine/words/words.ts';
import { bridge } from '../bridge/bridge.ts';
import { bytes, count } from '../format.ts';
import { attempt } from '../state/actions.ts';
import { strings } from '../strings.ts';

/** busy: a model is being converted. */
export function FoundModels({ busy }: { readonly busy: boolean }) {
  const [found, setFound] = useState<readonly FoundModel[]>();
  const [looking, setLooking] = useState(false);
  const look = async () => {
    setLooking(true);
    await attempt(async () => setFound(await bridge.findModels({})));
    setLooking(false);
  };
  return (
    <section aria-label={strings.models.others}>
      <h3>{strings.models.others}</h3>
      <p className="quiet small">{strings.models.othersHint}</p>
      <button type="button" disabled={looking} onClick={() => void look()}>
        {looking ? strings.models.looking : strings.models.find}
      </button>
      {found?.length === 0 && <p className="quiet">{strings.models.noneFound}</p>}
      {found && found.length > 0 && (
        <ul>
          {found.map((model) => (
            <FoundItem key={model.path} model={model} busy={busy} />
          ))}
        </ul>
      )}
    </section>
  );
}

function FoundItem({ model, busy }: { readonly model: FoundModel; readonly busy: boolean }) {
  const { name, place, path, quantisation, contextTokens, verdict, failure, withoutPod } = model;
  const usable = verdict !== 'not supported';
  const start = () => void attempt(() => bridge.importModel({ folder: path, name: name.slice(0, 200) }));
  const context = contextTokens === null ? '' : strings.models.contextOf(count(contextTokens));
  return (
    <li className="model" data-usable={usable}>
      <div className="what">
        <strong>{name}</strong>
        <p className="quiet small">{strings.models.foundIn(place, bytes(model.bytes), quantisation, context)}</p>
        {failure && <p className="failure small">{sentencesFor(failure, 'app')}</p>}
        {withoutPod && <p className="quiet small">{withoutPodWords(withoutPod)}</p>}
      </div>
      <div className="buttons">
        <button type="button" disabled={!usable || busy} aria-label={strings.models.importFound(name)} onClick={start}>
          {strings.models.import}
        </button>
      </div>
    </li>
  );
}
