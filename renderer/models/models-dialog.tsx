/** The models page: what is on this machine, what is on its way, and what could be fetched. Nothing is fetched without a click. */
import { useEffect } from 'react';
import { Modal } from '../dialogs/modal.tsx';
import { attempt, loadModels } from '../state/actions.ts';
import { useAppState } from '../state/use-store.ts';
import { strings } from '../strings.ts';
import { Catalogue } from './catalogue.tsx';
import { ConversionItem } from './conversion-item.tsx';
import { DownloadItem } from './download-item.tsx';
import { FoundModels } from './found-models.tsx';
import { HubToken } from './hub-token.tsx';
import { ImportFolder } from './import-folder.tsx';
import { ModelItem } from './model-item.tsx';

export function ModelsDialog() {
  const models = useAppState((state) => state.models);
  useEffect(() => void attempt(loadModels), []);
  return (
    <Modal title={strings.models.title}>
      {models ? (
        <div className="models">
          <section aria-label={strings.models.here}>
            <h3>{strings.models.here}</h3>
            <ul>
              {models.models.map((model) => (
                <ModelItem key={`${model.builtIn} ${model.name}`} model={model} />
              ))}
            </ul>
          </section>
          {models.downloads.length > 0 && (
            <section aria-label={strings.models.downloads}>
              <h3>{strings.models.downloads}</h3>
              <ul>
                {models.downloads.map((download) => (
                  <DownloadItem key={download.id} download={download} />
                ))}
              </ul>
            </section>
          )}
          <ImportFolder />
          {models.conversion && <ConversionItem conversion={models.conversion} />}
          <FoundModels busy={models.conversion?.state === 'running'} />
          <Catalogue models={models} />
          <HubToken hub={models.hub} />
        </div>
      ) : (
        <p className="quiet">{strings.models.looking}</p>
      )}
    </Modal>
  );
}
