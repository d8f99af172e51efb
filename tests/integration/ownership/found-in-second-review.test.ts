/** Faults found in the second review, one by one. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { DocumentEntry, Turn } from '../../../electron/contract.ts';
import { settled } from '../../unit/hosts/fake-hosts.ts';
import { World } from './ownership.ts';

let world: World;
beforeEach(async () => {
  world = await new World().begin();
  await rest();
});
afterEach(() => {
  world.close();
});

async function rest(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) {
    await settled();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
async function steps(count: number): Promise<void> {
  for (let step = 0; step < count; step++) {
    world.hosts.step();
    await settled();
  }
  await rest();
}
const entry = async (place: number): Promise<DocumentEntry> => {
  const { documents } = await world.app.handlers.getState({});
  return documents.find(({ id }) => id === world.documents[place]?.id) as DocumentEntry;
};
const turn = async (place: number): Promise<Turn> => {
  const id = world.turns[place] as string;
  const { conversation } = world.services.conversations.turn(id);
  const { turns } = await world.app.handlers.getConversation({ conversation });
  return turns.find((each) => each.id === id) as Turn;
};
const plans = async (place: number) => (await turn(place)).answers.map(({ plan, state }) => [plan, state]);

it('a comparison that is stopped while the engine starts is one when it is asked again', async () => {
  await steps(20);
  await world.change({ threads: 1 });
  await world.ask(0, true);
  await world.onTurn('stop', 0);
  await world.quiesce();
  await world.onTurn('retry', 0);
  await world.quiesce();
  expect(await plans(0)).toEqual([
    ['dense', 'done'],
    ['pod', 'done'],
  ]);
});

it('a comparison whose engine did not start is one when it is asked again', async () => {
  await steps(20);
  await world.change({ runtime: 'webgpu' });
  await rest();
  await world.ask(0, true);
  await rest();
  expect((await turn(0)).answers.map(({ state }) => state)).toEqual(['failed']);
  await world.change({ runtime: 'cpu' });
  await world.quiesce();
  await world.onTurn('retry', 0);
  await world.quiesce();
  expect(await plans(0)).toEqual([
    ['dense', 'done'],
    ['pod', 'done'],
  ]);
});

it('a reading that is paused while the engine starts is not begun by a question that came before', async () => {
  await steps(20);
  world.hosts.slow = true;
  await world.change({ threads: 1 });
  await world.ask(0, false);
  void world.onDocument('read', 0);
  await rest();
  void world.onDocument('pauseReading', 0, { paused: true });
  await rest();
  world.hosts.slow = false;
  world.hosts.finishStarts();
  await rest();
  await steps(20);
  expect([(await entry(0)).reading.state, world.hosts.bytes]).toEqual(['paused', 0]);
  void world.onDocument('pauseReading', 0, { paused: false });
  await world.quiesce();
  expect((await plans(0)).map(([, state]) => state)).toEqual(['done']);
});

it('a document is not said to be read when the engine has failed, and is read again when it is needed', async () => {
  await steps(20);
  world.hosts.die();
  await rest();
  await steps(1);
  expect((await entry(0)).reading.state).toBe('reading');
  world.hosts.refuses = true;
  world.hosts.die();
  await rest();
  const { engine } = await world.app.handlers.getState({});
  expect([engine.state, (await entry(0)).reading.state]).toEqual(['failed', 'failed']);
  world.hosts.refuses = false;
  await world.ask(0, false);
  await world.quiesce();
  expect([(await plans(0)).map(([, state]) => state), (await entry(0)).reading.state]).toEqual([['done'], 'read']);
});

it('a document too large for the memory evicts none while another is being read', async () => {
  await world.quiesce();
  await world.add('a');
  await rest();
  await world.onDocument('pauseReading', 2, { paused: true });
  await world.add('abcdefghijklmnopqrst'); // 12,000 of 7,000
  await rest();
  await rest();
  expect([(await entry(0)).reading.state, (await entry(1)).reading.state]).toEqual(['read', 'read']);
  await world.quiesce();
  const states = await Promise.all([0, 1, 2, 3].map(async (place) => (await entry(place)).reading.state));
  expect(states).toEqual(['read', 'read', 'read', 'unfit']);
});

it('a document too large for the memory evicts none while another goes on being read', async () => {
  await world.quiesce();
  await world.add('ab');
  await rest();
  await world.add('abcdefghijklmnopqrst'); // 12,000 of 7,000
  await world.quiesce();
  const states = await Promise.all([0, 1, 2, 3].map(async (place) => (await entry(place)).reading.state));
  expect(states).toEqual(['read', 'read', 'read', 'unfit']);
});

it('a document that failed is tried again with the pages that were chosen', async () => {
  await world.add('ab-cd-ef');
  await world.quiesce();
  await world.onDocument('read', 2, { pages: { first: 2, last: 3 } });
  await world.quiesce();
  world.hosts.die();
  await rest();
  while ((await entry(2)).reading.state !== 'reading') await steps(1);
  world.hosts.refuses = true;
  world.hosts.die();
  await rest();
  expect((await entry(2)).reading.state).toBe('failed');
  world.hosts.refuses = false;
  await world.onDocument('read', 2);
  await world.ask(2, false);
  await world.quiesce();
  expect((await turn(0)).answers[0]?.text.split('|')[2]).toBe('cdef');
});

it('an engine that failed and is started again is not said to have failed while documents are read again', async () => {
  await world.quiesce();
  for (let loss = 0; loss < 3; loss++) {
    world.hosts.die();
    await rest();
    await steps(20);
  }
  const state = async () => (await world.app.handlers.getState({})).engine.state;
  expect(await state()).toBe('failed');
  await world.ask(0, false);
  await rest();
  await steps(1);
  expect([await state(), (await entry(0)).reading.state]).toEqual(['starting', 'reading']);
  await world.quiesce();
  expect(await state()).toBe('ready');
});
