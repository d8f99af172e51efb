/** Calls about models: looked up, downloaded, imported, removed; and their cache plans. */
import { isGgufFile, modelNameOf } from '../../../engine/folders/import-gguf.ts';
import type { Handlers } from '../../contract.ts';
import { changeSettings } from '../change-settings.ts';
import { choicesOf, modelEntries, readCatalogue } from '../models.ts';
import type { Services } from '../services.ts';

type ModelCalls =
  | 'listModels'
  | 'lookUpModel'
  | 'downloadModel'
  | 'pauseDownload'
  | 'resumeDownload'
  | 'cancelDownload'
  | 'importModel'
  | 'cancelImport'
  | 'findModels'
  | 'removeModel'
  | 'explore'
  | 'cancelExploration'
  | 'setHubToken';

export function modelHandlers(services: Services): Pick<Handlers, ModelCalls> {
  const { access, conversions, downloads, explorations, library, models, parts, plans, settings, store } = services;
  const textOf = (document: string) =>
    library
      .pages(document)
      .map(({ text }) => text)
      .join('\n');
  return {
    listModels: async () => ({
      models: await modelEntries(parts.modelFolder, models, plans),
      catalogue: await readCatalogue(parts.catalogueFile),
      downloads: downloads.list(),
      exploration: explorations.state,
      conversion: conversions.state,
      hub: access.state(),
    }),
    lookUpModel: ({ repository }) => choicesOf(access.hub(), repository),
    downloadModel: ({ repository, dtype }) => downloads.start(repository, dtype),
    pauseDownload: async ({ download }) => {
      await downloads.pause(download);
      return null;
    },
    resumeDownload: ({ download }) => {
      downloads.resume(download);
      return null;
    },
    cancelDownload: async ({ download }) => {
      await downloads.cancel(download);
      return null;
    },
    importModel: async ({ folder, name }) => {
      if (await isGgufFile(folder)) await conversions.start(folder, name ?? modelNameOf(folder));
      else await models.add(folder, false);
      return null;
    },
    cancelImport: () => {
      conversions.cancel();
      return null;
    },
    findModels: () => conversions.find(),
    removeModel: async ({ model }) => {
      const { folder } = await models.find(model);
      if (settings.get().model === model) await changeSettings(services, { model: null });
      await plans.forget(folder);
      await models.remove(model);
      return null;
    },
    explore: async ({ model, documents, saving }) => {
      const folder = model === null ? parts.modelFolder : (await models.find(model)).folder;
      return explorations.start({
        model,
        folder,
        measured: await plans.measured(folder),
        documents: documents.map((document) => ({ name: store.get(document).title, text: textOf(document) })),
        saving: saving ?? undefined,
      });
    },
    cancelExploration: () => {
      explorations.cancel();
      return null;
    },
    setHubToken: ({ token }) => {
      access.setToken(token);
      return access.state();
    },
  };
}
