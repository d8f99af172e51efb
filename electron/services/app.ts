/** The app without its shell: every call of the contract, over the services. Electron's main and serve mode hold one each. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Document } from '../../engine/documents/document.ts';
import { FORMATS } from '../../engine/documents/read-document.ts';
import { failureOf, ProximaError } from '../../engine/errors.ts';
import { isGgufFile, modelNameOf } from '../../engine/folders/import-gguf.ts';
import { type ConvertProcess, forkConverter } from '../../engine/hosts/converter.ts';
import type { ReadFileOptions } from '../../engine/hosts/document-reader.ts';
import { type ExploreProcess, forkExplorer } from '../../engine/hosts/explorer.ts';
import type { StartedHost } from '../../engine/hosts/resilient-engine.ts';
import { ModelLibrary } from '../../engine/hub/model-library.ts';
import type { AppEvent, AppState, DocumentEntry, Handlers, Notice, PolicyName, Settings } from '../contract.ts';
import { offersPod } from '../pod-offer.ts';
import { Answers } from './answers.ts';
import { ConversationStore } from './conversations.ts';
import { Conversions } from './conversions.ts';
import { Database } from './database.ts';
import { DocumentStore } from './document-store.ts';
import { Downloads } from './downloads.ts';
import { EngineService } from './engine-service.ts';
import { Explorations } from './explorations.ts';
import { exportConversation } from './export.ts';
import { HubAccess, type SecretStore, secretInMemory } from './hub-access.ts';
import { Library } from './library.ts';
import { choicesOf, modelEntries, readCatalogue } from './models.ts';
import { Readings } from './readings.ts';
import { SettingsStore } from './settings.ts';

export interface AppParts {
  readonly dataFolder: string;
  /** Of the built-in model. */
  readonly modelFolder: string;
  /** Models that could be fetched. */
  readonly catalogueFile: string;
  readonly startHost: (settings: Settings, modelFolder: string) => Promise<StartedHost & { readonly runtime: string }>;
  readonly readFile: (path: string, options: ReadFileOptions) => Promise<Document>;
  /** A process that looks for sharing plans; Node's where left out. */
  readonly startExplorer?: () => ExploreProcess;
  readonly startConverter?: () => ConvertProcess;
  /** Where models of other programs are looked for; left out: this person's own folder. */
  readonly home?: string;
  /** Where the hub's token is kept; in memory where left out. */
  readonly secrets?: SecretStore;
}

export interface App {
  readonly handlers: Handlers;
  /** Resolves when the file is kept. Rejects with the storage's errors. */
  addFile(name: string, content: Readable): Promise<DocumentEntry>;
  /** Where a document's file lies. Throws `entry-missing`. */
  fileOf(document: string): string;
  /** Where the files of the model lie that runs. */
  modelFolder(): string;
  onEvent(listener: (event: AppEvent) => void): () => void;
  close(): void;
}

/** Settings that the engine's process is started with, and those that its readings depend on. */
const OF_THE_PROCESS = ['model', 'runtime', 'threads'] as const;
const OF_THE_READINGS = ['policy', 'sinks', 'recent', 'memoryMebibytes'] as const;

/** Throws `storage-read-only`, `storage-full` or `storage-failed` where the data folder can't be used. */
export function createApp(parts: AppParts): App {
  const listeners = new Set<(event: AppEvent) => void>();
  const emit = (event: AppEvent) => {
    for (const listener of listeners) listener(event);
  };
  const tell = (notice: Notice) => emit({ type: 'notice', notice });
  const database = new Database(parts.dataFolder);
  const store = new DocumentStore(database, parts.dataFolder);
  const settings = new SettingsStore(database);
  const conversations = new ConversationStore(database);
  const models = new ModelLibrary(join(parts.dataFolder, 'models'));
  const access = new HubAccess(parts.secrets ?? secretInMemory());
  const downloads = new Downloads({
    folder: join(parts.dataFolder, 'models'),
    library: models,
    hub: () => access.hub(),
    onChange: (download) => emit({ type: 'download', download }),
    onEnd: (download, model) => emit({ type: 'download-ended', download, model }),
  });
  conversations.endUnfinished();

  const engine = new EngineService({
    startHost: parts.startHost,
    settings: () => settings.get(),
    modelFolder: async () => {
      const { model } = settings.get();
      return model === null ? parts.modelFolder : (await models.find(model)).folder;
    },
    onState: (state) => emit({ type: 'engine', engine: state }),
    onNotice: tell,
    onReadAgain: (...progress) => readings.readAgain(...progress),
  });
  const usualPolicy = (): PolicyName => {
    const { policy } = settings.get();
    return policy !== 'dense' && offersPod(engine.model) ? 'pod' : 'dense';
  };
  const shared = {
    engine: () => engine.engine(),
    settings: () => settings.get(),
    usualPolicy,
    offersPod: () => offersPod(engine.model),
  };
  const readings: Readings = new Readings({
    ...shared,
    pagesOf: (document) => library.whenStored(document),
    onChange: (document) => library.changed(document),
  });
  const answers = new Answers({ ...shared, conversations, readings, emit });
  const library: Library = new Library({
    store,
    readFile: parts.readFile,
    readingOf: (document) => readings.stateOf(document),
    onChange: (document) => emit({ type: 'document', document }),
    onStored: (document) => void readWhatFits(document),
  });

  const explorations = new Explorations({
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

  /** The engine starts anew, with what the settings and the model's folder say now. */
  function restart(): void {
    answers.stopAll();
    readings.forgetAll();
    engine.stop();
    begin(engine.engine());
  }

  /** A new document is measured, and read where it fits; where it doesn't, the reader is asked. */
  async function readWhatFits(document: string): Promise<void> {
    try {
      const { tokens } = await readings.measure(document);
      library.setTokens(document, tokens);
      await readings.need(document, usualPolicy());
    } catch (cause) {
      // What kept it from being read stands at the document; the rest is told.
      if (readings.stateOf(document).failure === null && failureOf(cause).code !== 'cancelled')
        tell({ kind: 'failed', failure: failureOf(cause) });
    }
  }

  async function removeDocument(document: string): Promise<null> {
    for (const { id } of conversations.list(document)) answers.stopConversation(id);
    await readings.letGo(document);
    library.remove(document);
    emit({ type: 'document-removed', document });
    return null;
  }

  async function done(work: Promise<unknown>): Promise<null> {
    await work;
    return null;
  }

  /** Starts reading and does not wait for it: how it goes is told by events. */
  function begin(work: Promise<unknown>): null {
    work.catch(() => {});
    return null;
  }

  async function changeSettings(change: { [Name in keyof Settings]?: Settings[Name] | undefined }): Promise<Settings> {
    const before = settings.get();
    if (change.model) await models.find(change.model);
    const after = settings.change(change);
    const differs = (names: readonly (keyof Settings)[]) => names.some((name) => before[name] !== after[name]);
    emit({ type: 'settings', settings: after });
    if (differs(OF_THE_PROCESS)) {
      restart();
      // Another model counts other tokens.
      if (differs(['model'])) begin(countTokens());
    } else if (differs(OF_THE_READINGS)) {
      answers.stopAll();
      for (const { id } of store.list()) await readings.letGo(id);
    }
    return after;
  }

  async function countTokens(): Promise<void> {
    for (const { id, state } of store.list())
      if (state === 'stored') library.setTokens(id, (await readings.measure(id)).tokens);
  }

  const handlers: Handlers = {
    getState: (): AppState => ({
      documents: library.list(),
      engine: engine.state,
      settings: settings.get(),
      dataFolder: parts.dataFolder,
      formats: FORMATS.split(/, | and /),
    }),
    getPages: ({ document }) => library.pages(document),
    measure: ({ document }) => readings.measure(document),
    listModels: async () => ({
      models: await modelEntries(parts.modelFolder, models),
      catalogue: await readCatalogue(parts.catalogueFile),
      downloads: downloads.list(),
      exploration: explorations.state,
      conversion: conversions.state,
      hub: access.state(),
    }),
    lookUpModel: ({ repository }) => choicesOf(access.hub(), repository),
    downloadModel: ({ repository, dtype }) => downloads.start(repository, dtype),
    pauseDownload: async ({ download }) => done(downloads.pause(download)),
    resumeDownload: ({ download }) => begin(Promise.resolve(downloads.resume(download))),
    cancelDownload: async ({ download }) => done(downloads.cancel(download)),
    importModel: async ({ folder, name }) =>
      (await isGgufFile(folder))
        ? done(conversions.start(folder, name ?? modelNameOf(folder)))
        : done(models.add(folder, false)),
    cancelImport: () => {
      conversions.cancel();
      return null;
    },
    findModels: () => conversions.find(),
    removeModel: async ({ model }) => {
      await models.find(model);
      if (settings.get().model === model) await changeSettings({ model: null });
      return done(models.remove(model));
    },
    explore: async ({ model, documents, saving }) =>
      explorations.start({
        model,
        folder: model === null ? parts.modelFolder : (await models.find(model)).folder,
        documents: documents.map((document) => ({
          name: store.get(document).title,
          text: library
            .pages(document)
            .map(({ text }) => text)
            .join('\n'),
        })),
        saving: saving ?? undefined,
      }),
    cancelExploration: () => {
      explorations.cancel();
      return null;
    },
    setHubToken: ({ token }) => {
      access.setToken(token);
      return access.state();
    },
    read: ({ document, policy, pages }) => {
      const { pages: all } = store.get(document);
      if (pages && (pages.first > pages.last || pages.last > all)) {
        throw new ProximaError('page-range-invalid', { ...pages, pages: all });
      }
      const { state } = readings.stateOf(document);
      if (!policy && !pages && state !== 'unfit' && state !== 'failed')
        return begin(readings.need(document, usualPolicy()));
      return begin(readings.read(document, policy ?? usualPolicy(), pages));
    },
    pauseReading: ({ document, paused }) => begin(Promise.resolve(readings.pause(document, paused))),
    cancelReading: ({ document }) => begin(Promise.resolve(readings.cancel(document))),
    unlock: ({ document, password }) => begin(Promise.resolve(library.unlock(document, password))),
    removeDocument: ({ document }) => removeDocument(document),
    listConversations: ({ document }) => conversations.list(document),
    createConversation: ({ document }) => {
      store.get(document);
      const conversation = conversations.create(document);
      emit({ type: 'conversation', conversation });
      return conversation;
    },
    getConversation: ({ conversation }) => ({
      conversation: conversations.get(conversation),
      turns: answers.turns(conversation),
    }),
    renameConversation: ({ conversation: id, title }) => {
      const conversation = conversations.rename(id, title);
      emit({ type: 'conversation', conversation });
      return conversation;
    },
    deleteConversation: ({ conversation }) => {
      const { document } = conversations.get(conversation);
      answers.stopConversation(conversation);
      conversations.delete(conversation);
      emit({ type: 'conversation-deleted', conversation, document });
      return null;
    },
    ask: ({ conversation, question, compare }) => answers.ask(conversation, checked(question), compare),
    editQuestion: ({ turn, question }) => answers.askAgain(turn, checked(question)),
    retry: ({ turn }) => answers.askAgain(turn),
    stop: ({ turn }) => begin(Promise.resolve(answers.stop(turn))),
    search: ({ text }) => conversations.search(text),
    exportConversation: ({ conversation: id, format }) => {
      const conversation = conversations.get(id);
      return exportConversation(format, store.get(conversation.document), conversation, conversations.turns(id));
    },
    changeSettings,
    clearData: async () => {
      for (const { id } of store.list()) await removeDocument(id);
      settings.clear();
      rmSync(join(parts.dataFolder, 'documents'), { recursive: true, force: true });
      mkdirSync(parts.dataFolder, { recursive: true });
      emit({ type: 'settings', settings: settings.get() });
      return null;
    },
  };

  library.resume();
  begin(engine.engine());
  return {
    handlers,
    addFile: (name, content) => library.add(name, content),
    fileOf: (document) => store.file(store.get(document).id),
    modelFolder: () => engine.modelFolder ?? parts.modelFolder,
    onEvent: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => {
      downloads.close();
      conversions.cancel();
      explorations.cancel();
      answers.stopAll();
      engine.stop();
      database.close();
    },
  };
}

function checked(question: string): string {
  if (question.trim() !== '') return question;
  throw new ProximaError('question-empty');
}
