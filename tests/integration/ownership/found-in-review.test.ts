/** Faults found in review, one by one. */
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
const states = async (place: number) => (await turn(place)).answers.map(({ state }) => state);

it('A: a question asked while the engine starts is answered under the usual plan', async () => {
  await steps(20);
  await world.change({ threads: 1 });
  await world.ask(0, false);
  await world.quiesce();
  expect((await turn(0)).answers.map(({ plan, state }) => [plan, state])).toEqual([['pod', 'done']]);
});

it('A2: a comparison asked while the engine starts compares', async () => {
  await steps(20);
  await world.change({ threads: 1 });
  await world.ask(0, true);
  await world.quiesce();
  expect((await turn(0)).answers.map(({ plan, state }) => [plan, state])).toEqual([
    ['dense', 'done'],
    ['pod', 'done'],
  ]);
});

it('A3: a document that fits under the usual plan is not unfit because it was asked about while the engine started', async () => {
  await steps(20);
  await world.add('abcdefgh'); // pod 4,900, dense 8,100 of 7,000
  await world.quiesce();
  await world.change({ threads: 1 });
  await world.ask(2, false);
  await world.quiesce();
  expect(await states(0)).toEqual(['done']);
});

it('A4: a document that is read while the engine starts is read under the usual plan', async () => {
  await steps(20);
  await world.change({ threads: 1 });
  await world.onDocument('read', 0);
  await world.quiesce();
  const { reading } = await entry(0);
  expect([reading.state, reading.plan]).toEqual(['read', 'pod']);
});

it('A5: a comparison that is retried while the engine starts is still one', async () => {
  await steps(20);
  await world.change({ threads: 1 });
  await world.ask(0, true);
  await world.onTurn('retry', 0);
  await world.quiesce();
  expect(await states(0)).toEqual(['done', 'done']);
});

it('B: a document that is read again after a loss is not said to be paused', async () => {
  await steps(20);
  world.hosts.die();
  await rest();
  await steps(1);
  expect((await entry(0)).reading.state).toBe('reading');
  await world.onDocument('pauseReading', 0, { paused: true });
  expect((await entry(0)).reading.state).toBe('reading');
});

it('B2: cancelling holds while a document is read again after a loss', async () => {
  await steps(20);
  world.hosts.die();
  await rest();
  await steps(1);
  expect((await entry(0)).reading.state).toBe('reading');
  await world.onDocument('cancelReading', 0);
  await rest();
  expect((await entry(0)).reading.state).toBe('none');
});

it('C: two documents that do not fit together: the second evicts the first', async () => {
  await world.quiesce();
  for (const place of [0, 1]) await world.onDocument('removeDocument', place);
  await Promise.all([world.add('aaaaaaaa'), world.add('bbbbbbbb')]);
  await world.quiesce();
  const { documents } = await world.app.handlers.getState({});
  expect(documents.map(({ reading }) => reading.state).sort()).toEqual(['none', 'read']);
});

it('D: after clearing all data the engine is the one of the settings', async () => {
  await world.change({ model: 'other' });
  await world.quiesce();
  await world.app.handlers.clearData({});
  await rest();
  const { engine, settings } = await world.app.handlers.getState({});
  expect([settings.model, engine.model?.name]).toEqual([null, 'reader']);
});

it('E: cancelling a reading for a comparison does not begin it under the next plan', async () => {
  await world.quiesce();
  await world.ask(0, true);
  await steps(1);
  await world.onDocument('cancelReading', 0);
  await rest();
  expect(await states(0)).toEqual(['stopped', 'stopped']);
});

it('H: a paused document that is chosen anew, and a question behind it', async () => {
  await steps(1);
  await world.onDocument('pauseReading', 0, { paused: true });
  await world.ask(0, false);
  await rest();
  await world.onTurn('stop', 0);
  await world.onDocument('pauseReading', 0, { paused: false });
  await world.quiesce();
  expect((await entry(0)).reading.state).toBe('read');
});

it('K: text on its way stands on the screen as it was said so far', async () => {
  await world.quiesce();
  await world.ask(0, false);
  await world.quiesce();
  const whole = (await turn(0)).answers[0]?.text ?? '';
  const pieces = world.events.flatMap((event) => (event.type === 'text' ? [event] : []));
  let shown = '';
  for (const { from, text } of pieces) {
    shown = shown.slice(0, from) + text;
    expect(whole.slice(0, shown.length)).toBe(shown);
  }
  expect(shown).toBe(whole);
});

it('L: a reading that is cancelled holds no memory, in whatever moment', async () => {
  const left: number[] = [];
  for (let turns = 0; turns < 80; turns += 2) {
    world.close();
    world = await new World().begin();
    await rest();
    await world.onDocument('removeDocument', 1);
    await steps(2);
    world.hosts.step();
    for (let each = 0; each < turns; each++) await Promise.resolve();
    void world.onDocument('cancelReading', 0);
    for (let round = 0; round < 10; round++) await settled();
    if ((await entry(0)).reading.state === 'none') left.push(world.hosts.bytes);
  }
  expect(left.length).toBeGreaterThan(0);
  expect(left.filter((bytes) => bytes > 0)).toEqual([]);
});

it('M: the least recently used document is evicted', async () => {
  await world.quiesce();
  await world.add('aaaa');
  await world.quiesce();
  await world.ask(0, false);
  await world.quiesce();
  await world.add('bbbbb');
  await world.quiesce();
  const reading = await Promise.all([0, 1, 2, 3].map(async (place) => (await entry(place)).reading.state));
  expect(reading).toEqual(['read', 'none', 'none', 'read']);
});

it('O: a paused document is not read on', async () => {
  await steps(1);
  await world.onDocument('pauseReading', 0, { paused: true });
  await world.onDocument('pauseReading', 1, { paused: true });
  await steps(2);
  const bytes = world.hosts.bytes;
  await steps(20);
  expect([world.hosts.bytes, (await entry(0)).reading.state]).toEqual([bytes, 'paused']);
  await world.onDocument('pauseReading', 0, { paused: false });
  await steps(20);
  expect((await entry(0)).reading.state).toBe('read');
});

it('P: each side of a comparison goes on from what was said under its own plan', async () => {
  await world.quiesce();
  await world.ask(0, true);
  await world.quiesce();
  await world.ask(0, true);
  await world.quiesce();
  const before = (await turn(1)).answers.map(({ plan, text }) => [plan, text.split('|')[3]?.split('/')[1]]);
  expect(before).toEqual([
    ['dense', 'dense'],
    ['pod', 'pod'],
  ]);
});

it('F: a document that ends its host each time takes no other with it', async () => {
  await steps(20);
  await world.onDocument('read', 1, { plan: 'dense' });
  await rest();
  await world.ask(0, false);
  for (let round = 0; round < 3; round++) {
    world.hosts.die();
    await rest();
  }
  await world.quiesce();
  expect([await states(0), (await entry(0)).reading.state]).toEqual([['done'], 'read']);
});

it('G: a host that ends idle each time is not started for ever', async () => {
  await steps(20);
  for (let round = 0; round < 20; round++) {
    world.hosts.die();
    await rest();
  }
  expect(world.hosts.started).toBeLessThan(15);
});

it('I: a document too large for the memory evicts none that is held', async () => {
  await world.quiesce();
  await world.add('abcdefghijklmnopqrst'); // 12,000 of 7,000
  await world.quiesce();
  const readingStates = await Promise.all([0, 1, 2].map(async (place) => (await entry(place)).reading.state));
  expect(readingStates).toEqual(['read', 'read', 'unfit']);
});

it('cancelling a reading holds while the engine starts', async () => {
  await steps(20);
  await world.change({ threads: 1 });
  const asked = world.onDocument('read', 0);
  await world.onDocument('cancelReading', 0);
  await asked;
  await world.quiesce();
  expect((await entry(0)).reading.state).toBe('none');
});

it('a document that is removed while the engine starts is not read', async () => {
  await steps(20);
  await world.change({ threads: 1 });
  const asked = world.onDocument('read', 0);
  await world.onDocument('removeDocument', 0);
  await asked;
  await world.quiesce();
  const { documents } = await world.app.handlers.getState({});
  expect([documents.length, world.hosts.bytes]).toEqual([1, 0]);
});

it('a question is stopped when its document’s reading is cancelled while the engine starts', async () => {
  await steps(20);
  await world.change({ threads: 1 });
  await world.ask(0, false);
  await world.onDocument('cancelReading', 0);
  await world.quiesce();
  expect([await states(0), (await entry(0)).reading.state]).toEqual([['stopped'], 'none']);
});

it('a reading that is paused while the engine starts is not begun', async () => {
  await steps(20);
  world.hosts.slow = true;
  await world.change({ threads: 1 });
  void world.onDocument('read', 0);
  await rest();
  void world.onDocument('pauseReading', 0, { paused: true });
  await rest();
  expect((await entry(0)).reading.state).toBe('paused');
  world.hosts.slow = false;
  world.hosts.finishStarts();
  await rest();
  await steps(20);
  expect([(await entry(0)).reading.state, world.hosts.bytes]).toEqual(['paused', 0]);
  void world.onDocument('pauseReading', 0, { paused: false });
  await world.quiesce();
  expect((await entry(0)).reading.state).toBe('read');
});
