import { expect, it } from 'vitest';
import { DeviceQueue } from '../../../engine/jobs/device-queue.ts';

const never = new AbortController().signal;

/** Work that ends when it is told to. */
function held() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { work: () => promise, end: resolve };
}

/** One step, and gone. */
async function once<Result>(queue: DeviceQueue, rank: number, work: () => Promise<Result>, signal = never) {
  const place = queue.enter(rank);
  return place.step(signal, work).finally(() => place.leave());
}

it('lets the highest rank go first, and of one rank who came first', async () => {
  const queue = new DeviceQueue();
  const done: string[] = [];
  const first = held();
  const running = once(queue, 0, first.work);
  const wanted = [-1, -2, 1, -1].map((rank, index) =>
    once(queue, rank, async () => void done.push(`${index}: ${rank}`)),
  );
  first.end();
  await Promise.all([running, ...wanted]);
  expect(done).toEqual(['2: 1', '0: -1', '3: -1', '1: -2']);
});

it('lets nobody of a lower rank between two steps of one place', async () => {
  const queue = new DeviceQueue();
  const done: string[] = [];
  const place = queue.enter(0);
  await place.step(never, async () => void done.push('first'));
  const other = once(queue, -1, async () => void done.push('other'));
  await place.step(never, async () => void done.push('second'));
  place.leave();
  await other;
  expect(done).toEqual(['first', 'second', 'other']);
});

it('passes over who rests until they want again', async () => {
  const queue = new DeviceQueue();
  const done: string[] = [];
  const resting = queue.enter(1);
  resting.rest();
  const rested = resting.step(never, async () => void done.push('rested'));
  await queue.enter(0).step(never, async () => void done.push('other'));
  expect(done).toEqual(['other']);
  resting.resume();
  await rested;
  expect(done).toEqual(['other', 'rested']);
});

it('refuses who is cancelled while they wait, at once, and goes on with the others', async () => {
  const queue = new DeviceQueue();
  const first = held();
  const running = once(queue, 0, first.work);
  const controller = new AbortController();
  const waiting = once(queue, 5, async () => 'done', controller.signal);
  const other = once(queue, 1, async () => 'other');
  controller.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
  first.end();
  await running;
  expect(await other).toBe('other');
});

it('is free again after a step that failed', async () => {
  const queue = new DeviceQueue();
  const place = queue.enter(0);
  await expect(place.step(never, () => Promise.reject(new Error('a test')))).rejects.toThrow('a test');
  expect(await place.step(never, async () => 'next')).toBe('next');
});
