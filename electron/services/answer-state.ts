/** How an answer stands: a state machine, pure. What has ended stays as it ended. */
import type { Answer, MemoryUse, PlanId } from '../../engine/engine.ts';
import type { Failure } from '../../engine/errors.ts';
import type { Turn, TurnAnswer } from '../contract.ts';

export type AnswerEvent =
  /** The document is being read for it: tokens so far, and of how many. */
  | { readonly type: 'reading'; readonly done: number; readonly total: number }
  | { readonly type: 'begun'; readonly pagesRead: number; readonly tokensRead: number; readonly memory: MemoryUse }
  | { readonly type: 'text'; readonly text: string }
  /** The host was lost; it is answered anew. */
  | { readonly type: 'restarted' }
  | { readonly type: 'answered'; readonly answer: Answer; readonly memory: MemoryUse; readonly plan: PlanId }
  | { readonly type: 'failed'; readonly failure: Failure }
  | { readonly type: 'stopped' };

export function newAnswer(plan: PlanId): TurnAnswer {
  return {
    plan,
    state: 'waiting',
    text: '',
    pages: [],
    closest: [],
    confidence: null,
    firstTokenSeconds: null,
    tokensPerSecond: null,
    memory: null,
    pagesRead: null,
    tokensRead: null,
    progress: null,
    failure: null,
  };
}

export function isOver({ state }: Pick<TurnAnswer, 'state'>): boolean {
  return state === 'done' || state === 'stopped' || state === 'failed';
}

export function nextAnswer(answer: TurnAnswer, event: AnswerEvent): TurnAnswer {
  if (isOver(answer)) return answer;
  switch (event.type) {
    case 'reading':
      return answer.state === 'waiting' ? { ...answer, progress: { done: event.done, total: event.total } } : answer;
    case 'begun': {
      const { pagesRead, tokensRead, memory } = event;
      return { ...answer, state: 'answering', progress: null, pagesRead, tokensRead, memory };
    }
    case 'text':
      return answer.state === 'answering' ? { ...answer, text: answer.text + event.text } : answer;
    case 'restarted':
      return { ...answer, text: '' };
    case 'answered':
      return answered(answer, event);
    case 'failed':
      return event.failure.code === 'cancelled'
        ? { ...answer, state: 'stopped', progress: null }
        : { ...answer, state: 'failed', progress: null, failure: event.failure };
    case 'stopped':
      return { ...answer, state: 'stopped', progress: null };
  }
}

function answered(before: TurnAnswer, event: Extract<AnswerEvent, { type: 'answered' }>): TurnAnswer {
  const { answer, memory, plan } = event;
  const { pages, closest, confidence, firstTokenSeconds, decodeTokensPerSecond } = answer;
  const tokensPerSecond = decodeTokensPerSecond > 0 ? decodeTokensPerSecond : null;
  return {
    ...before,
    plan,
    state: 'done',
    text: answer.answer,
    pages,
    closest,
    confidence,
    firstTokenSeconds,
    tokensPerSecond,
    memory,
  };
}

/** The turn with one of its answers moved on; the very same turn where nothing changed. */
export function nextTurn(turn: Turn, index: number, event: AnswerEvent): Turn {
  const before = turn.answers[index];
  const after = before && nextAnswer(before, event);
  return after === before || !after ? turn : { ...turn, answers: turn.answers.with(index, after) };
}

/** Every answer that isn't over is stopped. */
export function stoppedTurn(turn: Turn): Turn {
  return turn.answers.reduce((before, _, index) => nextTurn(before, index, { type: 'stopped' }), turn);
}
