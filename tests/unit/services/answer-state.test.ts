import { expect, it } from 'vitest';
import type { TurnAnswer } from '../../../electron/contract.ts';
import { type AnswerEvent, newAnswer, nextAnswer } from '../../../electron/services/answer-state.ts';

const memory = { bytes: 1, denseBytes: 2, saving: 0.5, parts: [] };
const lost = { code: 'engine-lost', detail: { reason: 'a test' } } as const;
const begun: AnswerEvent = { type: 'begun', pagesRead: 1, tokensRead: 2, memory };
const answer = {
  question: 'q',
  answer: 'whole',
  pages: [],
  closest: [],
  confidence: null,
  stopped: 'stop-token',
  seconds: 1,
  firstTokenSeconds: 1,
  decodeTokensPerSecond: 3,
} as const;
const answered: AnswerEvent = { type: 'answered', answer, memory, plan: 'pod' };
const after = (...events: AnswerEvent[]): TurnAnswer => events.reduce(nextAnswer, newAnswer('dense'));

it('is read for, begun, told and answered, under the plan that it was given under', () => {
  expect(after({ type: 'reading', done: 1, total: 2 })).toMatchObject({
    state: 'waiting',
    progress: { done: 1, total: 2 },
  });
  expect(after(begun)).toMatchObject({ state: 'answering', progress: null, tokensRead: 2 });
  expect(after(begun, { type: 'text', text: 'a' }, { type: 'text', text: 'b' }).text).toBe('ab');
  expect(after(begun, { type: 'text', text: 'a' }, answered)).toMatchObject({
    state: 'done',
    plan: 'pod',
    text: 'whole',
    tokensPerSecond: 3,
  });
});

it('says nothing before it has begun, and begins anew when the host was lost', () => {
  expect(after({ type: 'text', text: 'a' }).text).toBe('');
  expect(after(begun, { type: 'text', text: 'a' }, { type: 'restarted' })).toMatchObject({
    state: 'answering',
    text: '',
  });
});

it('stays as it ended, whatever comes', () => {
  const ends: AnswerEvent[] = [answered, { type: 'failed', failure: lost }, { type: 'stopped' }];
  for (const end of ends) {
    const over = after(begun, end);
    for (const late of [...ends, begun, { type: 'text', text: 'late' }, { type: 'restarted' }] as AnswerEvent[])
      expect(nextAnswer(over, late)).toBe(over);
  }
});

it('is stopped, not failed, where somebody took it back', () => {
  expect(after({ type: 'failed', failure: { code: 'cancelled', detail: {} } })).toMatchObject({
    state: 'stopped',
    failure: null,
  });
  expect(after({ type: 'failed', failure: lost })).toMatchObject({ state: 'failed', failure: lost });
});
