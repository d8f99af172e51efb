/** What random sequences can't tell: they hold whether or not these are kept. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { DocumentEntry, Turn } from '../../../electron/contract.ts';
import { settled } from '../../unit/hosts/fake-hosts.ts';
import { idleApp } from '../../unit/services/idle-app.ts';
import { World } from './ownership.ts';

let world: World;
beforeEach(async () => {
  world = new World();
});
afterEach(() => {
  expect(world.faults).toEqual([]);
  world.close();
});

const entry = async (place: number): Promise<DocumentEntry> => {
  const { documents } = await world.app.handlers.getState({});
  return documents.find(({ id }) => id === world.documents[place]?.id) as DocumentEntry;
};
const turn = async (place: number): Promise<Turn> => {
  const { conversation } = world.services.conversations.turn(world.turns[place] as string);
  const { turns } = await world.app.handlers.getConversation({ conversation });
  return turns.find(({ id }) => id === world.turns[place]) as Turn;
};

it('reads the pages that were asked for, and no others', async () => {
  await world.add('ab-cd-ef');
  await world.quiesce();
  await world.onDocument('read', 0, { pages: { first: 2, last: 3 } });
  await world.ask(0, false);
  await world.quiesce();
  const [answer] = (await turn(0)).answers;
  expect([answer?.text.split('|')[2], answer?.pagesRead]).toEqual(['cdef', 2]);
});

it('takes the processor where there is no graphics card, and says so', async () => {
  world.graphicsMissing = true;
  await world.change({ runtime: 'auto' });
  await world.add('ab');
  await world.quiesce();
  expect((await entry(0)).reading.state).toBe('read');
  const notices = world.events.filter((event) => event.type === 'notice' && event.notice.kind === 'on-processor');
  expect(notices).toHaveLength(1);
});

it('stops taking the text out of a file that is removed', async () => {
  const file = Promise.withResolvers<void>();
  world.fileIsRead = file.promise;
  await world.add('ab');
  for (let round = 0; round < 5; round++) await settled();
  await world.onDocument('removeDocument', 0);
  expect(world.abortedFiles).toBe(1);
  file.resolve();
});

it('says nothing more of a conversation that is deleted', async () => {
  await world.add('ab');
  await world.quiesce();
  await world.ask(0, false);
  world.hosts.step();
  await settled();
  const { conversation } = await turn(0);
  await world.deleteConversation(0);
  const deleted = world.events.findIndex(({ type }) => type === 'conversation-deleted');
  await world.quiesce();
  const later = world.events.slice(deleted).filter((event) => event.type === 'turn' || event.type === 'text');
  expect([conversation, later]).toEqual([world.conversations[0]?.id, []]);
});

it('goes on from what was said before a turn, not after it', async () => {
  await world.add('ab');
  await world.quiesce();
  for (let question = 0; question < 2; question++) {
    await world.ask(0, false);
    await world.quiesce();
  }
  await world.ask(0, false); // It fails; the turns before it can be asked again meanwhile.
  await world.onTurn('stop', 2);
  await world.onTurn('retry', 1);
  await world.quiesce();
  const before = (await turn(1)).answers[0]?.text.split('|')[3] ?? '';
  expect(before.match(/q\d+=/g)).toEqual(['q1=']);
});

it('reads a document again that the engine gave up, when it is needed', async () => {
  await world.add('ab');
  await world.quiesce();
  for (let loss = 0; loss < 4; loss++) {
    world.hosts.die();
    for (let round = 0; round < 8; round++) await settled();
  }
  await world.ask(0, false);
  await world.quiesce();
  expect((await turn(0)).answers[0]?.state).toBe('done');
});

it('ends what was under way when Proxima itself was ended', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'proxima-ended-'));
  const ended = idleApp(folder, { startHost: () => new Promise(() => {}) });
  const { id: document } = await ended.addFile('a.txt', Readable.from(['text']));
  const { id: conversation } = await ended.handlers.createConversation({ document });
  await ended.handlers.ask({ conversation, question: 'what?', compare: false });
  const next = idleApp(folder); // The other one has not closed anything.
  const { turns } = await next.handlers.getConversation({ conversation });
  expect(turns.map(({ answers }) => answers.map(({ state }) => state))).toEqual([['stopped']]);
  next.close();
  ended.close();
  rmSync(folder, { recursive: true });
});
