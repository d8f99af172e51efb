/** The engine, the settings, and what is to be told in passing. */
import type { AppEvent, AppState, EngineState, Settings } from '../../electron/contract.ts';
import { noticeWords } from '../notice-words.ts';
import type { DocumentsSlice } from './documents.ts';
import type { Slice } from './slice.ts';

export interface Notice {
  readonly id: number;
  readonly message: string;
}

export interface EngineSlice {
  readonly engine: EngineState;
  readonly settings: Settings | undefined;
  readonly dataFolder: string;
  readonly formats: readonly string[];
  readonly connected: boolean;
  /** Whether the services' state has been taken over once. */
  readonly loaded: boolean;
  readonly notices: readonly Notice[];
  setApp(state: AppState): void;
  setConnected(connected: boolean): void;
  notify(message: string): void;
  dismiss(notice: number): void;
  receiveEngine(event: AppEvent): void;
}

const MOST_NOTICES = 4;

export const createEngineSlice: Slice<EngineSlice, Pick<DocumentsSlice, 'setDocuments'>> = (set, get) => ({
  engine: { state: 'starting', model: null, plans: [], failure: null },
  settings: undefined,
  dataFolder: '',
  formats: [],
  connected: true,
  loaded: false,
  notices: [],
  setApp: ({ engine, settings, dataFolder, formats, documents }) => {
    get().setDocuments(documents);
    set({ engine, settings, dataFolder, formats, loaded: true });
  },
  setConnected: (connected) => set({ connected }),
  notify: (message) =>
    set(({ notices }) => ({
      notices: [...notices, { id: (notices.at(-1)?.id ?? 0) + 1, message }].slice(-MOST_NOTICES),
    })),
  dismiss: (notice) => set(({ notices }) => ({ notices: notices.filter(({ id }) => id !== notice) })),
  receiveEngine: (event) => {
    if (event.type === 'engine') set({ engine: event.engine });
    else if (event.type === 'settings') set({ settings: event.settings });
    else if (event.type === 'notice') get().notify(noticeWords(event.notice));
  },
});
