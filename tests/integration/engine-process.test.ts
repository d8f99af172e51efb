/** The engine's own process: pausing, questions between chunks, and being killed while reading and while answering. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { ProximaError } from '../../engine/errors.ts';
import { PauseSwitch } from '../../engine/hosts/client.ts';
import { type EngineHost, forkEngine } from '../../engine/hosts/engine-host-process.ts';
import { ResilientEngine } from '../../engine/hosts/resilient-engine.ts';
import { ROOT } from './command.ts';

const READER = join(ROOT, 'assets/models/reader');
const sentence = 'The weather was fair and nothing was said of it. ';
const pages = [1, 2, 3, 4].map((number) => ({
  number,
  text: `${sentence.repeat(40)}${number === 2 ? 'The access code of the Harlow Bank is 73519. ' : ''}${sentence.repeat(40)}`,
}));
const ask = { question: 'What is the access code of the Harlow Bank?', maxTokens: 12 };

const losses: string[] = [];
let started = 0;
const engine = new ResilientEngine(
  () => {
    started++;
    return forkEngine({ runtime: 'cpu', threads: 2 });
  },
  { onLost: (cause) => losses.push(cause.code) },
);
afterAll(() => engine.terminate());

/** Ends the engine's process from outside, as a crash would. */
function killEngine(): void {
  const children = execFileSync('ps', ['--ppid', String(process.pid), '-o', 'pid=,args='], { encoding: 'utf8' });
  const line = children.split('\n').find((each) => each.includes('engine-process.ts'));
  process.kill(Number(line?.trim().split(' ')[0]), 'SIGKILL');
}

it('pauses, answers between chunks, goes on, and survives being killed twice', async () => {
  await engine.load(READER);
  const measured = await engine.measure({ pages });
  expect(measured.pod.cacheBytes).toBeLessThan(measured.dense.cacheBytes);
  const first = await engine.open({ pages });
  expect(first.tokens).toBe(measured.tokens);

  const pause = new PauseSwitch();
  const progress: number[] = [];
  const twoChunks = Promise.withResolvers<void>();
  const opening = engine.open(
    { pages },
    {
      pause,
      onProgress: ({ done }) => {
        progress.push(done);
        if (progress.length !== 2) return;
        pause.set(true);
        twoChunks.resolve();
      },
    },
  );
  await twoChunks.promise;
  const between = await engine.ask(first.document, ask);
  expect(between.answer.answer).toBe('73519');
  const paused = progress.length;
  expect(paused).toBeLessThan(Math.ceil(measured.tokens / 256));
  const again = await engine.ask(first.document, { ...ask, turns: [] });
  expect(again.answer.answer).toBe('73519');
  expect(progress.length).toBe(paused);
  pause.set(false);
  const second = await opening;
  expect(progress.at(-1)).toBe(second.tokens);

  let killed = false;
  const reopened = await engine.open(
    { pages },
    {
      onProgress: () => {
        if (!killed) killEngine();
        killed = true;
      },
    },
  );
  expect(losses).toEqual(['engine-lost']);
  let restarted = 0;
  killed = false;
  const answered = await engine.ask(reopened.document, ask, {
    onText: () => {
      if (!killed) killEngine();
      killed = true;
    },
    onRestart: () => restarted++,
  });
  expect(answered.answer.answer).toBe('73519');
  expect([restarted, losses.length, started]).toEqual([1, 2, 3]);
});

it('cancels a paused reading', async () => {
  const pause = new PauseSwitch();
  const controller = new AbortController();
  const opening = engine.open(
    { pages },
    {
      pause,
      signal: controller.signal,
      onProgress: () => {
        pause.set(true);
        setTimeout(() => controller.abort(), 50);
      },
    },
  );
  expect(await opening.catch((cause: ProximaError) => cause.code)).toBe('cancelled');
});

it('counts a process that does not answer as lost', async () => {
  const host: EngineHost = await forkEngine({ runtime: 'cpu', patience: 600 });
  const children = execFileSync('ps', ['--ppid', String(process.pid), '-o', 'pid=,args='], { encoding: 'utf8' });
  const pid = Number(
    children
      .split('\n')
      .filter((each) => each.includes('engine-process.ts'))
      .at(-1)
      ?.trim()
      .split(' ')[0],
  );
  process.kill(pid, 'SIGSTOP');
  expect(await host.ended).toMatch(/has not answered/);
});
