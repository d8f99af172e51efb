/** Faults that the first version had, one by one (issue "one owner"). Each of these tests fails on it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DocumentEntry, Turn } from '../../../electron/contract.ts';
import { settled } from '../../unit/hosts/fake-hosts.ts';
import { World } from './ownership.ts';

let world: World;
beforeEach(async () => {
  world = await new World().begin();
  await rest();
});
afterEach(() => {
  expect(world.faults).toEqual([]);
  expect(world.close()).toEqual([]);
});

/** Everything that waits for no step of the device. */
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

it('1: a setting changed while a document is read jams nothing', async () => {
  await steps(1);
  await world.change({ threads: 1 });
  await world.ask(0, false);
  await world.quiesce();
  expect(await states(0)).toEqual(['done']);
  await world.onDocument('removeDocument', 0);
  expect(await entry(0)).toBeUndefined();
});

it('2: questions during a recovery start one host', async () => {
  await steps(20);
  world.hosts.die();
  await world.ask(0, false);
  await world.ask(1, false);
  await world.quiesce();
  expect([await states(0), await states(1)]).toEqual([['done'], ['done']]);
  expect([world.hosts.started, world.hosts.live]).toEqual([2, 1]);
});

it('3: each document answers for itself while others are read again', async () => {
  await world.add('fg');
  await steps(40);
  world.hosts.die();
  await rest();
  await steps(1);
  for (const place of [2, 1, 0]) await world.ask(place, false);
  await world.quiesce();
  const texts = await Promise.all([0, 1, 2].map(async (place) => (await turn(place)).answers[0]?.text.split('|')[2]));
  expect(texts).toEqual(['fg', 'de', 'abc']);
});

it('4: out of memory under the smallest plan leaves an engine with a model', async () => {
  await steps(1);
  world.hosts.full = 'once';
  await steps(1);
  await world.quiesce();
  const { engine } = await world.app.handlers.getState({});
  expect([engine.state, engine.model?.name]).toEqual(['ready', 'reader']);
  expect((await entry(0)).reading.state).toBe('failed');
  expect((await entry(1)).reading.state).toBe('read');
});

it('6: sleep does not end a healthy engine', async () => {
  await steps(20);
  await world.hosts.clock.sleep(3_600_000);
  await world.hosts.clock.sleep(3_600_000);
  await rest();
  expect([world.hosts.started, world.hosts.live]).toEqual([1, 1]);
  world.hosts.hang();
  await world.hosts.clock.pass(70_000);
  await rest();
  expect(world.hosts.started).toBe(2);
});

it('7: stop and remove hold at once behind a paused reading', async () => {
  await steps(1);
  await world.onDocument('pauseReading', 0, { paused: true });
  await world.onDocument('pauseReading', 1, { paused: true });
  await world.onDocument('cancelReading', 1);
  await rest();
  expect((await entry(1)).reading.state).toBe('none');
  await world.onDocument('removeDocument', 1);
  expect(await entry(1)).toBeUndefined();
  expect((await entry(0)).reading.state).toBe('paused');
});

describe('8: a turn that was taken back says nothing any more', () => {
  it('when it was stopped and asked again', async () => {
    await steps(20);
    await world.ask(0, false);
    await steps(1);
    await world.onTurn('stop', 0);
    expect(await states(0)).toEqual(['stopped']);
    await world.onTurn('retry', 0);
    await world.quiesce();
    expect(await states(0)).toEqual(['done']);
    const late = world.events.findLastIndex(
      (event) => event.type === 'turn' && event.turn.answers[0]?.state === 'stopped',
    );
    const again = world.events.findLastIndex(
      (event) => event.type === 'turn' && event.turn.answers[0]?.state === 'waiting',
    );
    expect(late).toBeLessThan(again);
  });

  it('when an earlier turn is asked in other words', async () => {
    await steps(20);
    await world.ask(0, false);
    await world.quiesce();
    await world.ask(0, false);
    await steps(1);
    await world.edit(0);
    const removed = world.events.findLastIndex(({ type }) => type === 'turns-removed');
    await world.quiesce();
    const said = world.events
      .slice(removed)
      .filter((event) => event.type === 'turn' && event.turn.id === world.turns[1]);
    expect(said).toEqual([]);
  });
});

it('9: a stopped comparison is not read under the second plan', async () => {
  await steps(20);
  await world.ask(0, true);
  await rest();
  await world.onTurn('stop', 0);
  expect(await states(0)).toEqual(['stopped', 'stopped']);
  const before = world.hosts.bytes;
  await world.quiesce();
  expect(world.hosts.bytes).toBe(before);
});

it('10: a reading that was cancelled or failed holds no memory', async () => {
  await steps(2);
  expect(world.hosts.bytes).toBeGreaterThan(0);
  await world.onDocument('cancelReading', 0);
  await world.onDocument('cancelReading', 1);
  await steps(3);
  expect(world.hosts.bytes).toBe(0);
});

it('11: two documents share the memory that there is', async () => {
  await world.change({ plan: 'dense' });
  await world.add('abcd');
  let most = 0;
  for (let step = 0; step < 40; step++) {
    await steps(1);
    most = Math.max(most, world.hosts.bytes);
  }
  expect(most).toBeGreaterThan(3_000);
  expect(most).toBeLessThanOrEqual(7_000);
});

it('14: after a smaller plan was taken answers say so', async () => {
  await world.change({ plan: 'dense' });
  world.hosts.full = 'dense';
  await rest();
  await steps(40);
  await world.ask(0, false);
  await rest();
  await steps(40);
  const [answer] = (await turn(0)).answers;
  expect([answer?.state, answer?.plan, answer?.text.split('|')[1]]).toEqual(['done', 'pod', 'pod']);
});

it('18: an answer on its way is told piece by piece, each piece once', async () => {
  await steps(20);
  await world.ask(0, false);
  await world.quiesce();
  const pieces = world.events.flatMap((event) => (event.type === 'text' ? [event.text] : []));
  expect(pieces.length).toBeGreaterThan(1);
  expect(pieces.join('')).toBe((await turn(0)).answers[0]?.text);
});
