/** The services, wired to each other. */
import { join } from 'node:path';
import type { PlanFile } from '../../engine/cache/plan-file.ts';
import type { Document } from '../../engine/documents/document.ts';
import { type Failure, failureOf } from '../../engine/errors.ts';
import { PlanStore } from '../../engine/folders/plan-store.ts';
import { type ConvertProcess, forkConverter } from '../../engine/hosts/converter.ts';
import type { ReadFileOptions } from '../../engine/hosts/document-reader.ts';
import { type ExploreProcess, forkExplorer } from '../../engine/hosts/explorer.ts';
import type { StartedHost } from '../../engine/hosts/hosted-engine.ts';
import { ModelLibrary } from '../../engine/hub/model-library.ts';
import { comparedPlansOf, usualPlanOf } from '../../engine/plan-choice.ts';
import type { AppEvent, Settings } from '../contract.ts';
import { Answers } from './answers.ts';
import { ConversationStore } from './conversations.ts';
import { Conversions } from './conversions.ts';
import { Database } from './database.ts';
import { DocumentStore } from './document-store.ts';
import { Downloads } from './downloads.ts';
import { EngineService } from './engine-service.ts';
import { Explorations } from './explorations.ts';
import { HubAccess, type SecretStore, secretInMemory } from './hub-access.ts';
import { Library } from './library.ts';
import { Readings } from './readings.ts';
import { SettingsStore } from './settings.ts';

export interface AppParts {
  readonly dataFolder: string;
  /** Of the built-in model. */
  readonly modelFolder: string;
  /** Models that could be fetched. */
  readonly catalogueFile: string;
  /** The signal ends a host that is still starting. */
  readonly startHost: (settings: Settings, modelFolder: string, signal: AbortSignal) => Promise<StartedHost>;
  readonly readFile: (path: string, options: ReadFileOptions) => Promise<Document>;
  /** A process that looks for cache plans; Node's where left out. */
  readonly startExplorer?: () => ExploreProcess;
  /** A process that makes models of GGUF files; Node's where left out. */
  readonly startConverter?: () => ConvertProcess;
  /** Where models of other programs are looked for; this person's own folder where left out. */
  readonly home?: string;
  /** Where the hub's token is kept; in memory where left out. */
  readonly secrets?: SecretStore;
}

export interface Services {
  readonly parts: AppParts;
  readonly events: Events;
  readonly database: Database;
  readonly store: DocumentStore;
  readonly settings: SettingsStore;
  readonly conversations: ConversationStore;
  readonly models: ModelLibrary;
  readonly access: HubAccess;
  readonly downloads: Downloads;
  readonly engine: EngineService;
  readonly readings: Readings;
  readonly answers: Answers;
  readonly library: Library;
  readonly explorations: Explorations;
  readonly plans: PlanStore;
  readonly conversions: Conversions;
  /** The engine is replaced by one with the settings and the model's folder as they are now. */
  restart(): void;
}

/** Who wants to hear what happens. */
export class Events {
  readonly #listeners = new Set<(event: AppEvent) => void>();

  add(listener: (event: AppEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(event: AppEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  failed(failure: Failure): void {
    this.emit({ type: 'notice', notice: { kind: 'failed', failure } });
  }
}

/** Throws `storage-read-only`, `storage-full`, `storage-newer` or `storage-failed` where the data folder can't be used. */
export function createServices(parts: AppParts): Services {
  const events = new Events();
  const emit = (event: AppEvent) => events.emit(event);
  const database = new Database(parts.dataFolder);
  const store = new DocumentStore(database, parts.dataFolder);
  const settings = new SettingsStore(database);
  const conversations = new ConversationStore(database);
  const models = new ModelLibrary(join(parts.dataFolder, 'models'));
  const plans = new PlanStore(join(parts.dataFolder, 'plans'));
  const access = new HubAccess(parts.secrets ?? secretInMemory());
  const downloads = new Downloads({
    folder: join(parts.dataFolder, 'models'),
    library: models,
    hub: () => access.hub(),
    onChange: (download) => emit({ type: 'download', download }),
    onEnd: (download, model) => emit({ type: 'download-ended', download, model }),
  });
  const engine = new EngineService({
    startHost: parts.startHost,
    settings: () => settings.get(),
    modelFolder: async () => {
      const { model } = settings.get();
      return model === null ? parts.modelFolder : (await models.find(model)).folder;
    },
    explored: (folder) => exploredPlans(folder),
    onState: (state) => emit({ type: 'engine', engine: state }),
    onNotice: (notice) => emit({ type: 'notice', notice }),
    onReadAgain: (id, event) => readings.readAgain(id, event),
    onFailed: (failure) => readings.engineFailed(failure),
    onDropped: (id, failure) => readings.dropped(id, failure),
  });
  const usualPlan = () => usualPlanOf(engine.plans, settings.get().plan);
  const readings: Readings = new Readings({
    engine: () => engine.engine(),
    pagesOf: (document) => library.whenStored(document),
    settings: () => settings.get(),
    usualPlan,
    whenPlansKnown: () => engine.whenPlansKnown(),
    onChange: (document) => library.changed(document),
  });
  const comparedPlans = (document: string) => comparedPlansOf(engine.plans, readings.planOf(document));
  const answers = new Answers({
    conversations,
    readings,
    settings: () => settings.get(),
    comparedPlans,
    arePlansKnown: () => engine.whenPlansKnown() === undefined,
    emit,
  });
  const library: Library = new Library({
    store,
    readFile: parts.readFile,
    readingOf: (document) => readings.stateOf(document),
    onChange: (document) => emit({ type: 'document', document }),
    onStored: (document) => void readWhatFits(document),
    onFailure: (failure) => events.failed(failure),
  });
  const explorations = new Explorations({
    plans,
    startExplorer: parts.startExplorer ?? forkExplorer,
    threads: () => settings.get().threads ?? undefined,
    onChange: (exploration) => emit({ type: 'exploration', exploration }),
    onPlan: (model) => {
      if (model === settings.get().model) restart();
    },
  });

  const conversions = new Conversions({
    library: models,
    startConverter: parts.startConverter ?? forkConverter,
    onChange: (conversion) => emit({ type: 'conversion', conversion }),
    home: parts.home,
  });

  /** A new document is measured, and read where it fits; where it doesn't, the reader is asked. */
  async function readWhatFits(document: string): Promise<void> {
    try {
      const { tokens } = await readings.measure(document);
      library.setTokens(document, tokens);
      await readings.need(document);
    } catch (cause) {
      // What kept it from being read stands at the document; the rest is told.
      const failure = failureOf(cause);
      const isExpected = failure.code === 'cancelled' || failure.code === 'entry-missing';
      if (readings.stateOf(document).failure === null && !isExpected) events.failed(failure);
    }
  }

  /** A damaged file is told of, and keeps no model from running. */
  async function exploredPlans(folder: string): Promise<PlanFile | undefined> {
    try {
      return await plans.find(folder);
    } catch (cause) {
      events.failed(failureOf(cause));
      return undefined;
    }
  }

  function restart(): void {
    answers.stopAll();
    readings.reset();
    engine.stop();
    engine.engine().catch(() => {}); // Its failure is its state.
  }

  return {
    parts,
    events,
    database,
    store,
    settings,
    conversations,
    models,
    access,
    downloads,
    engine,
    readings,
    answers,
    library,
    explorations,
    plans,
    conversions,
    restart,
  };
}
