import { expect, it } from 'vitest';
import { delegate, startJob } from '../../../engine/jobs/job.ts';

const pending = () => new Promise<never>(() => {});

it('settles at once when it is cancelled, whatever it waits for, and says so to the work', async () => {
  let signal: AbortSignal | undefined;
  const job = startJob((control) => {
    signal = control.signal;
    return pending();
  });
  await Promise.resolve();
  job.cancel();
  await expect(job.result).rejects.toMatchObject({ code: 'cancelled' });
  expect(signal?.aborted).toBe(true);
});

it('hands a result that came too late to whoever frees it', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const discarded: string[] = [];
  const job = startJob(
    () => promise,
    (late) => discarded.push(late),
  );
  job.cancel();
  resolve('held');
  await expect(job.result).rejects.toMatchObject({ code: 'cancelled' });
  await new Promise(setImmediate);
  expect(discarded).toEqual(['held']);
});

it('waits while it is paused, and no longer when it is cancelled', async () => {
  let reached = 0;
  const job = startJob(async ({ whenResumed }) => {
    await whenResumed();
    reached++;
  });
  job.pause();
  await new Promise(setImmediate);
  expect(reached).toBe(0);
  job.resume();
  await job.result;
  expect(reached).toBe(1);
  const other = startJob(({ whenResumed }) => whenResumed());
  other.pause();
  other.cancel();
  await expect(other.result).rejects.toMatchObject({ code: 'cancelled' });
});

it('passes pausing and cancelling on', async () => {
  const heard: string[] = [];
  const inner = {
    result: pending(),
    pause: () => heard.push('pause'),
    resume: () => heard.push('resume'),
    cancel: () => heard.push('cancel'),
  };
  const job = startJob((control) => delegate(control, inner));
  job.pause();
  await Promise.resolve();
  job.resume();
  job.pause();
  job.cancel();
  expect(heard).toEqual(['pause', 'resume', 'pause', 'cancel']);
});

it('passes nothing on to work that has ended', async () => {
  const heard: string[] = [];
  const inner = (name: string, result: Promise<void>) => ({
    result,
    pause: () => heard.push(name),
    resume: () => {},
    cancel: () => {},
  });
  const job = startJob(async (control) => {
    await delegate(control, inner('first', Promise.resolve()));
    await delegate(control, inner('second', pending()));
  });
  await new Promise(setImmediate);
  job.pause();
  expect(heard).toEqual(['second']);
  job.cancel();
});
