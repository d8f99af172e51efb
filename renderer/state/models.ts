/** The models of this machine, those that could be fetched, and what is on its way. Asked for when they are looked at. */
import type { AppEvent, Models } from '../../electron/contract.ts';
import type { Slice } from './slice.ts';

export interface ModelsSlice {
  readonly models: Models | undefined;
  setModels(models: Models): void;
  receiveModels(event: AppEvent): void;
}

export const createModelsSlice: Slice<ModelsSlice> = (set) => ({
  models: undefined,
  setModels: (models) => set({ models }),
  receiveModels: (event) => {
    if (event.type === 'exploration')
      set(({ models }) => (models ? { models: { ...models, exploration: event.exploration } } : {}));
    if (event.type === 'conversion')
      set(({ models }) => (models ? { models: { ...models, conversion: event.conversion } } : {}));
    if (event.type !== 'download' && event.type !== 'download-ended') return;
    set(({ models }) => (models ? { models: { ...models, downloads: after(models, event) } } : {}));
  },
});

function after(
  { downloads }: Models,
  event: Extract<AppEvent, { type: 'download' | 'download-ended' }>,
): Models['downloads'] {
  if (event.type === 'download-ended') return downloads.filter(({ id }) => id !== event.download);
  const known = downloads.some(({ id }) => id === event.download.id);
  if (!known) return [...downloads, event.download];
  return downloads.map((each) => (each.id === event.download.id ? event.download : each));
}
