/** The app without its shell: every call of the contract, over the services. Electron's main and serve mode hold one each. */
import type { Readable } from 'node:stream';
import type { AppEvent, DocumentEntry, Handlers } from '../contract.ts';
import { conversationHandlers } from './handlers/conversations.ts';
import { documentHandlers } from './handlers/documents.ts';
import { modelHandlers } from './handlers/models.ts';
import { settingsHandlers } from './handlers/settings.ts';
import { type AppParts, createServices, type Services } from './services.ts';

export type { AppParts } from './services.ts';

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

/** Throws as `createServices` does. */
export function createApp(parts: AppParts): App {
  return appOf(createServices(parts));
}

/** Takes up what was under way when Proxima ended, and starts the engine. */
export function appOf(services: Services): App {
  const { answers, conversations, conversions, database, downloads, engine, events, explorations, library } = services;
  const { readings, store } = services;
  const handlers = merged(
    documentHandlers(services),
    conversationHandlers(services),
    modelHandlers(services),
    settingsHandlers(services),
  );
  conversations.endUnfinished();
  library.resume();
  engine.engine().catch(() => {}); // Its failure is its state.
  return {
    handlers,
    addFile: (name, content) => library.add(name, content),
    fileOf: (document) => store.file(store.get(document).id),
    modelFolder: () => engine.modelFolder ?? services.parts.modelFolder,
    onEvent: (listener) => events.add(listener),
    close: () => {
      downloads.close();
      conversions.cancel();
      explorations.cancel();
      library.close();
      answers.stopAll();
      answers.keep();
      readings.reset();
      engine.stop();
      database.close();
    },
  };
}

/** Throws where two domains answer the same call. */
export function merged<Parts extends object[]>(...domains: Parts): Intersection<Parts> {
  const names = domains.flatMap((domain) => Object.keys(domain));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`Two domains answer the call "${twice}".`);
  return Object.assign({}, ...domains) as Intersection<Parts>;
}

type Intersection<Parts extends object[]> = Parts extends [infer First, ...infer Rest extends object[]]
  ? First & Intersection<Rest>
  : unknown;
