/** What a supervised engine and its hosts leave behind when work is taken back, and where it gives up. */
import { randomUUID } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import type { ContextSpec } from '../../../engine/engine.ts';
import type { ProximaError } from '../../../engine/errors.ts';
import { type EngineWatch, SupervisedEngine } from '../../../engine/hosts/supervised-engine.ts';
import { FakeHosts, offer, settled } from './fake-hosts.ts';

const text = (letters: string, plan = 'pod'): ContextSpec => ({
  parts: [{ document: 'a', pages: [{ number: 1, text: letters }] }],
  plan,
});
const question = { text: 'q', turns: [], maxTokens: 1 };
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    ({ code }: ProximaError) => code,
  );

let engine: SupervisedEngine;
afterEach(() => engine.dispose());

async function start(hosts: FakeHosts, watch: EngineWatch = {}): Promise<void> {
  const startHost = (signal: AbortSignal) => hosts.start('cpu', signal);
  engine = await SupervisedEngine.start({ folder: 'model', startHost, watch }).result;
}

async function steps(hosts: FakeHosts, count: number): Promise<void> {
  for (let step = 0; step < count; step++) {
    for (let round = 0; round < 10 && hosts.waitingSteps === 0; round++) await settled();
    hosts.step();
    await settled();
  }
}

/** Cancels in the round in which the work ends, whichever turn of it that is. */
async function cancelledInEveryTurn(letters: string): Promise<number[]> {
  const left: number[] = [];
  for (let turns = 0; turns < 60; turns++) {
    const hosts = new FakeHosts();
    await start(hosts);
    const job = engine.prepare(randomUUID(), text(letters));
    await steps(hosts, letters.length - 1);
    hosts.step();
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    job.cancel();
    const outcome = await codeOf(job.result);
    for (let round = 0; round < 10; round++) await settled();
    if (outcome === 'cancelled') left.push(hosts.bytes);
    await engine.dispose();
  }
  return left;
}

it('holds nothing of a context that was cancelled, in whatever moment', async () => {
  const left = await cancelledInEveryTurn('ab');
  expect(left.length).toBeGreaterThan(0);
  expect(left.filter((bytes) => bytes > 0)).toEqual([]);
});

it('gives up a context that takes its host down three times while it is read again, and no sooner', async () => {
  const hosts = new FakeHosts();
  const dropped: string[] = [];
  await start(hosts, { onDropped: (_, { code }) => dropped.push(code) });
  const job = engine.prepare(randomUUID(), text('ab'));
  await steps(hosts, 2);
  await job.result;
  const lose = async () => {
    hosts.deviceLost = true;
    await steps(hosts, 1);
  };
  hosts.die();
  await settled();
  await lose();
  await lose();
  await steps(hosts, 4); // Read again: the count begins anew.
  hosts.die();
  await settled();
  await lose();
  await lose();
  expect(dropped).toEqual([]);
  await lose();
  expect(dropped).toEqual(['device-lost']);
});

it('gives up a new context after three hosts', async () => {
  const hosts = new FakeHosts();
  await start(hosts);
  const job = engine.prepare(randomUUID(), text('ab'));
  for (let loss = 0; loss < 3; loss++) {
    await settled();
    hosts.deviceLost = true;
    await steps(hosts, 1);
  }
  await steps(hosts, 4);
  expect(await codeOf(job.result)).toBe('device-lost');
});

it('fails a question with what its context was given up for', async () => {
  const hosts = new FakeHosts();
  await start(hosts);
  const job = engine.prepare(randomUUID(), text('ab'));
  await steps(hosts, 2);
  const prepared = await job.result;
  const lose = async () => {
    hosts.deviceLost = true;
    for (let step = 0; step < 5 && hosts.deviceLost; step++) await steps(hosts, 1);
  };
  hosts.die();
  await settled();
  await lose();
  const asked = codeOf(prepared.ask(question).result);
  await lose();
  await lose();
  await steps(hosts, 20);
  expect(await asked).toBe('device-lost');
});

it('fails a question that takes its host down three times, and keeps its context', async () => {
  const hosts = new FakeHosts();
  const dropped: string[] = [];
  await start(hosts, { onDropped: (_, { code }) => dropped.push(code) });
  const job = engine.prepare(randomUUID(), text('ab'));
  await steps(hosts, 2);
  const prepared = await job.result;
  const asked = codeOf(prepared.ask(question).result);
  for (let loss = 0; loss < 3; loss++) {
    await steps(hosts, loss === 0 ? 0 : 2); // It is read again, and then asked.
    hosts.deviceLost = true;
    await steps(hosts, 1);
  }
  expect(await asked).toBe('device-lost');
  const next = codeOf(prepared.ask(question).result);
  await steps(hosts, 5);
  expect([await next, dropped]).toEqual(['done', []]);
});

it('starts no fourth host when three have ended with nothing to do, until the next call', async () => {
  const hosts = new FakeHosts({ automatic: true });
  const failed: string[] = [];
  await start(hosts, { onFailed: ({ code }) => failed.push(code) });
  for (let death = 0; death < 5; death++) {
    hosts.die();
    for (let round = 0; round < 5; round++) await settled();
  }
  expect([hosts.started, failed]).toEqual([3, ['engine-lost']]);
  await engine.prepare(randomUUID(), text('ab')).result;
  expect(hosts.started).toBe(4);
});

it('ends a host that is still starting when the engine is disposed of', async () => {
  const hosts = new FakeHosts({ automatic: true });
  await start(hosts);
  hosts.slow = true;
  hosts.die();
  await settled();
  expect(hosts.live).toBe(1);
  await engine.dispose();
  await settled();
  expect([hosts.live, hosts.clock.timers]).toEqual([0, 0]);
});

it('ends a host that loads its model when the engine is disposed of', async () => {
  const hosts = new FakeHosts({ automatic: true });
  await start(hosts);
  hosts.slow = true;
  hosts.die();
  await settled();
  hosts.finishStarts();
  await Promise.resolve(); // It says that it is ready, and nothing any more.
  hosts.hang();
  await settled();
  expect(hosts.live).toBe(1);
  await engine.dispose();
  await settled();
  expect([hosts.live, hosts.clock.timers]).toEqual([0, 0]);
});

it('says what a question was ended for that waited while another one filled the card', async () => {
  const hosts = new FakeHosts();
  await start(hosts);
  const job = engine.prepare(randomUUID(), text('ab'));
  await steps(hosts, 2);
  const prepared = await job.result;
  const [first, second] = [codeOf(prepared.ask(question).result), codeOf(prepared.ask(question).result)];
  await settled();
  hosts.full = 'once';
  await steps(hosts, 1);
  expect(await Promise.all([first, second])).toEqual(['device-out-of-memory', 'device-out-of-memory']);
});

it('takes no plan whose cost nobody knows', async () => {
  const hosts = new FakeHosts({
    plans: [offer('dense', 'all kept', 0), offer('pod', 'unmeasured', 0.4)],
  });
  await start(hosts);
  const job = engine.prepare(randomUUID(), text('ab', 'dense'));
  hosts.full = 'dense';
  await steps(hosts, 3);
  expect(await codeOf(job.result)).toBe('device-out-of-memory');
});

it('tells who waits for a context that it is prepared anew', async () => {
  const hosts = new FakeHosts();
  const events: string[] = [];
  await start(hosts);
  const job = engine.prepare(randomUUID(), text('ab'), ({ type }) => events.push(type));
  await steps(hosts, 1);
  hosts.die();
  await steps(hosts, 3);
  await job.result;
  expect(events.filter((type) => type === 'restarted')).toEqual(['restarted']);
});

it('tells who asked that an answer begins anew', async () => {
  const hosts = new FakeHosts();
  await start(hosts);
  const job = engine.prepare(randomUUID(), text('ab'));
  await steps(hosts, 2);
  const events: string[] = [];
  const asking = (await job.result).ask(question, ({ type }) => events.push(type));
  await steps(hosts, 1);
  hosts.die();
  await steps(hosts, 6);
  await asking.result;
  expect(events.indexOf('restarted')).toBeGreaterThan(events.indexOf('text'));
});

it('tells its first caller nothing of a context that is read again later', async () => {
  const hosts = new FakeHosts();
  const told: string[] = [];
  const watched: string[] = [];
  await start(hosts, { onProgress: (_, { done }) => watched.push(`${done}`) });
  const job = engine.prepare(randomUUID(), text('ab'), ({ type }) => told.push(type));
  await steps(hosts, 2);
  await job.result;
  const before = told.length;
  hosts.die();
  await steps(hosts, 3);
  expect([told.length, watched.length > 0]).toEqual([before, true]);
});
