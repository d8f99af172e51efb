import { expect, it } from 'vitest';
import { NOT_READ, nextReading, type ReadingEvent } from '../../../electron/services/reading-state.ts';

const memory = { bytes: 1, denseBytes: 2, saving: 0.5, parts: [] };
const requested: ReadingEvent = { type: 'requested', plan: 'dense', pages: null };
const progress: ReadingEvent = { type: 'progress', progress: { done: 1, total: 3, seconds: 1, page: 1 } };
const prepared: ReadingEvent = {
  type: 'prepared',
  context: { plan: 'pod', tokens: 3, seconds: 2, memory, scratchBytes: 4 },
};
const lost = { code: 'engine-lost', detail: { reason: 'a test' } } as const;
const small = {
  code: 'memory-too-small',
  detail: { tokens: 1, neededBytes: 2, denseBytes: 2, availableBytes: 1, range: null },
} as const;
const after = (...events: ReadingEvent[]) => events.reduce(nextReading, NOT_READ);

it('is asked for, read, and held under the plan that was taken', () => {
  expect(after(requested)).toMatchObject({ state: 'waiting', plan: 'dense' });
  expect(after(requested, progress)).toMatchObject({ state: 'reading', done: 1 });
  expect(after(requested, progress, prepared)).toMatchObject({ state: 'read', plan: 'pod', done: 3, total: 3 });
});

it('stays paused while chunks that were under way arrive, and goes on where it was', () => {
  const paused = after(requested, progress, { type: 'paused' }, progress);
  expect(paused.state).toBe('paused');
  expect(nextReading(paused, { type: 'resumed' }).state).toBe('reading');
  expect(after(requested, { type: 'paused' }, { type: 'resumed' }).state).toBe('waiting');
  expect(after(requested, { type: 'paused' }, { type: 'restarted' }).state).toBe('paused');
});

it('begins anew when the host was lost, while it is read and afterwards', () => {
  expect(after(requested, progress, { type: 'restarted' })).toMatchObject({ state: 'waiting', done: 0, memory: null });
  expect(after(requested, prepared, progress)).toMatchObject({ state: 'reading', done: 1 });
});

it('fails with its cause; what does not fit can be chosen otherwise; what was cancelled was never there', () => {
  expect(after(requested, { type: 'failed', failure: lost })).toMatchObject({ state: 'failed', failure: lost });
  expect(after(requested, prepared, { type: 'failed', failure: lost }).state).toBe('failed');
  expect(after(requested, { type: 'failed', failure: small }).state).toBe('unfit');
  expect(after(requested, { type: 'failed', failure: { code: 'cancelled', detail: {} } })).toBe(NOT_READ);
});

it('takes nothing from a reading that was released or has failed', () => {
  const late: ReadingEvent[] = [
    progress,
    { type: 'memory', memory },
    { type: 'paused' },
    { type: 'resumed' },
    { type: 'restarted' },
  ];
  const failed = after(requested, { type: 'failed', failure: lost });
  for (const event of late) {
    expect(nextReading(NOT_READ, event)).toBe(NOT_READ);
    expect(nextReading(failed, event)).toBe(failed);
  }
  expect(nextReading(NOT_READ, prepared)).toBe(NOT_READ);
  expect(nextReading(after(requested, prepared), { type: 'paused' }).state).toBe('read');
});
