/** Fifty sequences over the real engine: its process is killed at any moment, and each answer is still its own document's. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Turn } from '../../../electron/contract.ts';
import { isOver } from '../../../electron/services/answer-state.ts';
import { type App, createApp } from '../../../electron/services/app.ts';
import { seededRandom } from '../../../engine/generate/sampling.ts';
import { readDocumentFile } from '../../../engine/hosts/document-reader.ts';
import { forkEngine } from '../../../engine/hosts/fork-engine.ts';
import { READER, temporaryFolder } from '../command.ts';

const SEQUENCES = Number(process.env.PROXIMA_KILLS ?? 50);
const ACTS = 6;
const PROSE = 'The weather was fair and nothing was said of it. ';
const FACTS = [
  { fact: 'The toll of the Vernon Bridge is 4 dollars.', question: 'What is the toll of the Vernon Bridge?' },
  { fact: 'The owner of the Corwin Mill is Ada Thorne.', question: 'Who is the owner of the Corwin Mill?' },
  { fact: 'The access code of the Harlow Bank is 73519.', question: 'What is the access code of the Harlow Bank?' },
];

let app: App;
const documents: string[] = [];
const asked = new Map<string, { readonly document: number }>();

beforeAll(async () => {
  app = createApp({
    dataFolder: temporaryFolder(),
    modelFolder: READER,
    catalogueFile: join(READER, '../catalogue.json'),
    startHost: (_settings, _folder, signal) => forkEngine({ runtime: 'cpu', threads: 1, signal }),
    readFile: readDocumentFile,
  });
  for (const [index, { fact }] of FACTS.entries()) {
    const text = `${PROSE.repeat(8)}${fact} ${PROSE.repeat(8)}`;
    documents.push((await app.addFile(`${index}.txt`, Readable.from([text]))).id);
  }
});
afterAll(() => app?.close());

/** What each document answers undisturbed, under both plans. */
const expected: string[][] = [];

async function ask(place: number, compare: boolean): Promise<Turn> {
  const { id } = await app.handlers.createConversation({ document: documents[place] as string });
  const turn = await app.handlers.ask({ conversation: id, question: FACTS[place]?.question ?? '', compare });
  asked.set(turn.id, { document: place });
  return turn;
}

async function answersOver(): Promise<readonly Turn[]> {
  const turns = async () => (await Promise.all(documents.map(turnsOf))).flat();
  const open = async () => (await turns()).flatMap(({ answers }) => answers).filter((answer) => !isOver(answer));
  await expect.poll(open, { timeout: 60_000, interval: 100 }).toEqual([]);
  return turns();
}

async function forgetConversations(): Promise<void> {
  for (const document of documents)
    for (const { id } of await app.handlers.listConversations({ document }))
      await app.handlers.deleteConversation({ conversation: id });
}

function enginePids(): number[] {
  const children = execFileSync('ps', ['--ppid', String(process.pid), '-o', 'pid=,args='], { encoding: 'utf8' });
  const lines = children.split('\n').filter((each) => each.includes('engine-process.ts'));
  return lines.map((line) => Number(line.trim().split(' ')[0]));
}

function killEngines(): void {
  for (const pid of enginePids()) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has just ended by itself.
    }
  }
}

type Random = () => number;

async function act(random: Random): Promise<void> {
  const { handlers } = app;
  const place = Math.floor(random() * documents.length);
  const document = documents[place] as string;
  const kind = random();
  if (kind < 0.45) {
    await ask(place, random() < 0.3);
  } else if (kind < 0.65) killEngines();
  else if (kind < 0.75) await handlers.read({ document, plan: random() < 0.5 ? 'dense' : 'pod' });
  else if (kind < 0.85) {
    const [latest] = [...asked.keys()].slice(-1);
    if (latest !== undefined) await handlers.stop({ turn: latest });
  } else await new Promise((resolve) => setTimeout(resolve, random() * 400));
}

async function turnsOf(document: string): Promise<readonly Turn[]> {
  const conversations = await app.handlers.listConversations({ document });
  const found = await Promise.all(conversations.map(({ id }) => app.handlers.getConversation({ conversation: id })));
  return found.flatMap(({ turns }) => turns);
}

it(`${SEQUENCES} sequences with real kills`, async () => {
  await expect.poll(async () => (await app.handlers.getState({})).engine.state, { timeout: 60_000 }).toBe('ready');
  for (const place of documents.keys()) await ask(place, true);
  for (const { answers } of await answersOver()) expected.push(answers.map(({ text }) => text));
  expect(expected).toEqual([
    ['4 dollars', '4 dollars'],
    ['Ada Thorne', 'Ada Thorne'],
    ['73519', '73519'],
  ]);
  const tally = { done: 0, stopped: 0, failed: 0 };
  for (let sequence = 0; sequence < SEQUENCES; sequence++) {
    const random = seededRandom(sequence);
    for (let count = 0; count < ACTS; count++) await act(random);
    for (const turn of await answersOver()) {
      for (const { state } of turn.answers) tally[state as keyof typeof tally]++;
      const wanted = expected[asked.get(turn.id)?.document ?? -1] ?? [];
      const given = turn.answers.filter(({ state }) => state === 'done').map(({ text }) => text);
      expect(wanted).toEqual(expect.arrayContaining(given));
    }
    expect(enginePids().length).toBeLessThanOrEqual(1);
    await forgetConversations();
  }
  process.stdout.write(`${JSON.stringify(tally)}\n`);
  expect(tally.done).toBeGreaterThan(SEQUENCES);
  // Three hosts lost in a row are the engine's end for a question; it says so.
  expect(tally.failed).toBeLessThan(tally.done);
}, 600_000);
