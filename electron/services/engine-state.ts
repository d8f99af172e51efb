/** How the engine stands: a state machine, pure. */
import type { Engine } from '../../engine/engine.ts';
import type { Failure } from '../../engine/errors.ts';
import type { EngineState } from '../contract.ts';

export type EngineEvent =
  | { readonly type: 'starting' }
  /** Also when it runs again after a loss. */
  | { readonly type: 'started'; readonly engine: Pick<Engine, 'model' | 'capabilities'> }
  | { readonly type: 'lost'; readonly failure: Failure }
  | { readonly type: 'failed'; readonly failure: Failure };

export const STARTING: EngineState = { state: 'starting', model: null, plans: [], failure: null };

export function nextEngine(state: EngineState, event: EngineEvent): EngineState {
  switch (event.type) {
    case 'starting':
      return STARTING;
    case 'started': {
      const { model, capabilities } = event.engine;
      return { state: 'ready', model, plans: capabilities.plans, failure: null };
    }
    case 'lost':
      // The model is still the one that will run: what can be done with it stays on the screen.
      return { ...state, state: 'recovering', failure: event.failure };
    case 'failed':
      return { ...STARTING, state: 'failed', failure: event.failure };
  }
}
