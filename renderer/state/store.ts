/** The screen's state: plain slices that know nothing of React. What the services say goes in through `receive`. */
import { createStore } from 'zustand/vanilla';
import type { AppEvent } from '../../electron/contract.ts';
import { type ConversationsSlice, createConversationsSlice } from './conversations.ts';
import { createDocumentsSlice, type DocumentsSlice } from './documents.ts';
import { createEngineSlice, type EngineSlice } from './engine.ts';
import { createModelsSlice, type ModelsSlice } from './models.ts';
import { createViewSlice, type ViewSlice } from './view.ts';

export type State = DocumentsSlice & ConversationsSlice & EngineSlice & ModelsSlice & ViewSlice;

export const store = createStore<State>()((set, get) => ({
  ...createDocumentsSlice(set, get),
  ...createConversationsSlice(set, get),
  ...createEngineSlice(set, get),
  ...createModelsSlice(set, get),
  ...createViewSlice(set, get),
}));

/** Every event goes to each slice; those that it does not concern leave the state as it is. */
export function receive(event: AppEvent): void {
  const state = store.getState();
  state.receiveDocument(event);
  state.receiveConversation(event);
  state.receiveEngine(event);
  state.receiveModels(event);
}
