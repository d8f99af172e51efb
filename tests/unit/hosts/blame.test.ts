/** Who is to blame for lost hosts, where documents that are held are read again meanwhile or others are paused. */
import { randomUUID } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import type { ContextSpec } from '../../../engine/engine.ts';
import type { ProximaError } from '../../../engine/errors.ts';
import { type EngineWatch, SupervisedEngine } from '../../../engine/hosts/supervised-engine.ts';
import { FakeHosts, settled } from './fake-hosts.ts';

const text = (letters: string): ContextSpec => ({
  parts: [{ document: letters, pages: [{ number: 1, text: letters }] }],
  plan: 'pod',
});

let engine: SupervisedEngine;
afterEach(() => engine.dispose());

async function start(hosts: FakeHosts, watch: EngineWatch = {}): Promise<void> {
  const startHost = (signal: AbortSignal) => hosts.start('cpu', signal);
  engine = await SupervisedEngine.start({ folder: 'model', startHost, watch }).result;
}

async function rest(): Promise<void> {
  for (let round = 0; round < 10; round++) await settled();
}

/** Steps of hosts that have ended are among them. */
async function steps(hosts: FakeHosts, count = 8): Promise<void> {
  for (let each = 0; each < count; each++) await step(hosts);
}

async function step(hosts: FakeHosts): Promise<void> {
  hosts.step();
  await rest();
}

function outcomeOf(work: Promise<unknown>): () => string {
  let outcome = 'under way';
  work.then(
    () => {
      outcome = 'done';
    },
    ({ code }: ProximaError) => {
      outcome = code;
    },
  );
  return () => outcome;
}

it('gives up what takes its host down after another document was read again', async () => {
  const hosts = new FakeHosts();
  let isHeldAgain = false;
  await start(hosts, {
    onLost: () => {
      isHeldAgain = false;
    },
    onPrepared: () => {
      isHeldAgain = true;
    },
  });
  const held = engine.prepare(randomUUID(), text('ab'));
  for (let each = 0; each < 2; each++) {
    await rest();
    await step(hosts);
  }
  await held.result;
  const outcome = outcomeOf(engine.prepare(randomUUID(), text('cd')).result);
  isHeldAgain = true;
  await rest();
  for (let each = 0; each < 40 && outcome() === 'under way'; each++) {
    hosts.deviceLost = isHeldAgain;
    await step(hosts);
  }
  expect([outcome(), hosts.started < 10]).toEqual(['device-lost', true]);
});

it('reads a document on that was under way at two losses, whatever else is paused', async () => {
  const hosts = new FakeHosts();
  await start(hosts);
  const paused = engine.prepare(randomUUID(), text('ab'));
  const outcome = outcomeOf(engine.prepare(randomUUID(), text('cd')).result);
  await rest();
  paused.pause();
  for (let loss = 0; loss < 2; loss++) {
    await rest();
    hosts.die();
  }
  await rest();
  await steps(hosts);
  expect(outcome()).toBe('done');
});

it('reads a document on whose turn to be read alone comes while another has it and is paused', async () => {
  const hosts = new FakeHosts();
  await start(hosts);
  const first = engine.prepare(randomUUID(), text('ab'));
  const outcome = outcomeOf(engine.prepare(randomUUID(), text('cd')).result);
  for (let loss = 0; loss < 2; loss++) {
    await rest();
    hosts.die();
  }
  await rest();
  first.pause();
  await rest();
  await steps(hosts);
  expect(outcome()).toBe('done');
  const later = outcomeOf(first.result);
  first.resume();
  await rest();
  await steps(hosts);
  expect(later()).toBe('done');
});

it('does not hold the turn of what is paused while it waits for it', async () => {
  const hosts = new FakeHosts();
  await start(hosts);
  const jobs = ['ab', 'cd', 'ef'].map((letters) => engine.prepare(randomUUID(), text(letters)));
  const outcomes = jobs.map(({ result }) => outcomeOf(result));
  for (let loss = 0; loss < 2; loss++) {
    await rest();
    hosts.die();
  }
  await rest();
  jobs[1]?.pause(); // It waits for the first one's turn to end.
  await steps(hosts, 12);
  expect(outcomes.map((outcome) => outcome())).toEqual(['done', 'under way', 'done']);
});

it('does not blame what is paused', async () => {
  const hosts = new FakeHosts();
  const failed: string[] = [];
  await start(hosts, { onFailed: ({ code }) => failed.push(code) });
  const paused = engine.prepare(randomUUID(), text('ab'));
  const outcome = outcomeOf(paused.result);
  await rest();
  paused.pause();
  for (let loss = 0; loss < 5; loss++) {
    await rest();
    hosts.die();
  }
  await rest();
  expect([outcome(), hosts.started, failed]).toEqual(['under way', 3, ['engine-lost']]);
  paused.resume();
  await rest();
  await steps(hosts);
  expect(outcome()).toBe('done');
});

it('has freed a context when it is released, however often it is', async () => {
  const hosts = new FakeHosts();
  await start(hosts);
  const job = engine.prepare(randomUUID(), text('ab'));
  await rest();
  await steps(hosts, 2);
  const context = await job.result;
  expect(hosts.bytes).toBeGreaterThan(0);
  void context.release();
  await context.release();
  expect(hosts.bytes).toBe(0);
});
