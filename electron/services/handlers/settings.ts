/** Calls about the app as a whole. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { FORMATS } from '../../../engine/words/documents.ts';
import type { Handlers } from '../../contract.ts';
import { changeSettings, followSettings } from '../change-settings.ts';
import { removeDocument } from '../remove-document.ts';
import { createReport } from '../report.ts';
import type { Services } from '../services.ts';

type SettingsCalls = 'getState' | 'changeSettings' | 'getReport' | 'clearData';

export function settingsHandlers(services: Services): Pick<Handlers, SettingsCalls> {
  const { engine, explorations, library, parts, settings, store } = services;
  return {
    getState: () => ({
      documents: library.list(),
      engine: engine.state,
      settings: settings.get(),
      dataFolder: parts.dataFolder,
      formats: FORMATS.split(/, | and /),
    }),
    changeSettings: (change) => changeSettings(services, change),
    getReport: () => createReport({ logFolder: join(parts.dataFolder, 'logs'), engine: engine.state }),
    clearData: () => {
      for (const { id } of store.list()) removeDocument(services, id);
      const before = settings.get();
      settings.clear();
      rmSync(join(parts.dataFolder, 'documents'), { recursive: true, force: true });
      explorations.cancel();
      const explored = join(parts.dataFolder, 'plans'); // They name the documents that they were measured on.
      const hadPlans = existsSync(explored);
      rmSync(explored, { recursive: true, force: true });
      mkdirSync(parts.dataFolder, { recursive: true });
      followSettings(services, before);
      if (hadPlans) services.restart();
      return null;
    },
  };
}
