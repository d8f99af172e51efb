import { useStore } from 'zustand';
import { type State, store } from './store.ts';

/** Binds React to the store; renders anew when what `select` picks changes. */
export function useAppState<Picked>(select: (state: State) => Picked): Picked {
  return useStore(store, select);
}
