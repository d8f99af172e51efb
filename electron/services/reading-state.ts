/** How the reading of a document stands: a state machine, pure, so that it can be tested by itself. */
import type { MemoryUse, PlanId, ReadingProgress } from '../../engine/engine.ts';
import type { Failure } from '../../engine/errors.ts';
import type { PageRange, ReadingState } from '../contract.ts';

export type ReadingEvent =
  | { readonly type: 'requested'; readonly plan: PlanId | null; readonly pages: PageRange | null }
  | { readonly type: 'progress'; readonly progress: ReadingProgress }
  | { readonly type: 'memory'; readonly memory: MemoryUse }
  | { readonly type: 'paused' }
  | { readonly type: 'resumed' }
  /** The host was lost; reading begins anew. */
  | { readonly type: 'restarted' }
  | { readonly type: 'prepared'; readonly context: PreparedReading }
  | { readonly type: 'failed'; readonly failure: Failure }
  | { readonly type: 'released' };

export interface PreparedReading {
  readonly plan: PlanId;
  readonly tokens: number;
  readonly seconds: number;
  readonly memory: MemoryUse;
  readonly scratchBytes: number;
}

export const NOT_READ: ReadingState = {
  state: 'none',
  plan: null,
  done: 0,
  total: 0,
  seconds: 0,
  page: 0,
  pages: null,
  memory: null,
  scratchBytes: 0,
  failure: null,
};

const UNDER_WAY: ReadonlySet<ReadingState['state']> = new Set(['waiting', 'reading', 'paused']);
const UNFIT: ReadonlySet<string> = new Set(['memory-too-small', 'document-too-long']);

export function isUnderWay({ state }: ReadingState): boolean {
  return UNDER_WAY.has(state);
}

/** Events that mean nothing in a state leave it as it is. */
export function nextReading(state: ReadingState, event: ReadingEvent): ReadingState {
  switch (event.type) {
    case 'requested':
      return { ...NOT_READ, state: 'waiting', plan: event.plan, pages: event.pages };
    case 'released':
      return NOT_READ;
    case 'prepared':
      return state.state === 'none' ? state : prepared(state, event.context);
    case 'progress':
      return progressed(state, event.progress);
    case 'failed':
      return UNDER_WAY.has(state.state) || state.state === 'read' ? failed(state, event.failure) : state;
    default:
      return UNDER_WAY.has(state.state) ? underWay(state, event) : state;
  }
}

function underWay(
  state: ReadingState,
  event: Extract<ReadingEvent, { type: 'memory' | 'paused' | 'resumed' | 'restarted' }>,
): ReadingState {
  switch (event.type) {
    case 'memory':
      return { ...state, memory: event.memory };
    case 'paused':
      return { ...state, state: 'paused' };
    case 'resumed':
      return state.state === 'paused' ? { ...state, state: state.done > 0 ? 'reading' : 'waiting' } : state;
    case 'restarted':
      return { ...state, done: 0, seconds: 0, page: 0, memory: null, state: pausedOr(state, 'waiting') };
  }
}

/** A document that was read is read again after its host was lost. */
function progressed(state: ReadingState, { done, total, seconds, page }: ReadingProgress): ReadingState {
  if (!UNDER_WAY.has(state.state) && state.state !== 'read') return state;
  return { ...state, done, total, seconds, page, state: pausedOr(state, 'reading') };
}

function prepared(state: ReadingState, context: PreparedReading): ReadingState {
  const { plan, tokens, seconds, memory, scratchBytes } = context;
  return { ...state, state: 'read', plan, done: tokens, total: tokens, seconds, memory, scratchBytes, failure: null };
}

function failed(state: ReadingState, failure: Failure): ReadingState {
  if (failure.code === 'cancelled') return NOT_READ;
  return { ...state, state: UNFIT.has(failure.code) ? 'unfit' : 'failed', memory: null, failure };
}

function pausedOr(state: ReadingState, other: 'waiting' | 'reading'): ReadingState['state'] {
  return state.state === 'paused' ? 'paused' : other;
}
