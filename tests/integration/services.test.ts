/** The app without a screen: its services over the real engine's process, the built-in reader and the documents' process. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppEvent, ModelEntry, Settings, Turn } from '../../electron/contract.ts';
import { type App, createApp } from '../../electron/services/app.ts';
import { ProximaError } from '../../engine/errors.ts';
import type { Fit } from '../../engine/fit.ts';
import { readDocumentFile } from '../../engine/hosts/document-reader.ts';
import { forkEngine } from '../../engine/hosts/fork-engine.ts';
import type { WatchedHost } from '../../engine/hosts/watched-host.ts';
import { ModelLibrary } from '../../engine/hub/model-library.ts';
import { usualPlanOf } from '../../engine/plan-choice.ts';
import { READER, temporaryFolder } from './command.ts';

const PROSE = 'The weather was fair and nothing was said of it. ';
const WAIT = { timeout: 60_000, interval: 50 };

interface Running {
  readonly app: App;
  readonly events: AppEvent[];
  readonly started: Settings[];
  add(name: string, text: string): Promise<string>;
  reading(document: string): string;
  read(document: string): Promise<void>;
  ask(document: string, question: string, compare?: boolean): Promise<Turn>;
  ended(turn: Turn): Promise<Turn>;
  notices(): string[];
}

function run(folder: string, startHost?: (settings: Settings) => Promise<WatchedHost>): Running {
  const events: AppEvent[] = [];
  const started: Settings[] = [];
  const app = createApp({
    dataFolder: folder,
    modelFolder: READER,
    catalogueFile: join(READER, '../catalogue.json'),
    startHost: (settings) => {
      started.push(settings);
      return startHost?.(settings) ?? forkEngine({ runtime: 'cpu', threads: settings.threads ?? 1 });
    },
    readFile: readDocumentFile,
  });
  app.onEvent((event) => events.push(event));
  const { handlers } = app;
  const entry = async (document: string) =>
    (await handlers.getState({})).documents.find(({ id }: { id: string }) => id === document);
  const state = new Map<string, string>();
  app.onEvent((event) => {
    if (event.type === 'document') state.set(event.document.id, event.document.reading.state);
  });
  return {
    app,
    events,
    started,
    add: async (name, text) => (await app.addFile(name, Readable.from([text]))).id,
    reading: (document) => state.get(document) ?? 'unknown',
    read: (document) => expect.poll(async () => (await entry(document))?.reading.state, WAIT).toBe('read'),
    ask: async (document, question, compare = false) => {
      const { id } = await handlers.createConversation({ document });
      return handlers.ask({ conversation: id, question, compare });
    },
    ended: async ({ id, conversation }) => {
      const now = async () => {
        const { turns } = await handlers.getConversation({ conversation });
        return turns.find((each: Turn) => each.id === id) as Turn;
      };
      const over = new Set(['done', 'stopped', 'failed']);
      await expect.poll(async () => (await now()).answers.every((each) => over.has(each.state)), WAIT).toBe(true);
      return now();
    },
    notices: () => events.flatMap((event) => (event.type === 'notice' ? [event.notice.kind] : [])),
  };
}

describe('the services', () => {
  const folder = temporaryFolder();
  let running: Running;
  let bridge: string;
  let mill: string;

  beforeAll(async () => {
    running = run(folder);
    bridge = await running.add(
      'bridge.txt',
      `${PROSE.repeat(60)}The toll of the Vernon Bridge is 4 dollars. ${PROSE.repeat(60)}`,
    );
    mill = await running.add(
      'mill.txt',
      `${PROSE.repeat(60)}The owner of the Corwin Mill is Ada Thorne. ${PROSE.repeat(60)}`,
    );
  });
  afterAll(() => running?.app.close());

  it('take in one document after the other and answer each from its own text', async () => {
    await running.read(bridge);
    await running.read(mill);
    const [first, second] = await Promise.all([
      running.ask(bridge, 'What is the toll of the Vernon Bridge?').then(running.ended),
      running.ask(mill, 'Who is the owner of the Corwin Mill?').then(running.ended),
    ]);
    expect(first.answers[0]).toMatchObject({ state: 'done', text: '4 dollars', pagesRead: 4 });
    expect(second.answers[0]).toMatchObject({ state: 'done', text: 'Ada Thorne' });
    const absent = await running.ask(mill, 'What is the toll of the Vernon Bridge?').then(running.ended);
    expect(absent.answers[0]?.text).toBe('The document does not say.');
  });

  it('answer under both policies where they are compared, with the bytes of each', async () => {
    const turn = await running.ask(bridge, 'What is the toll of the Vernon Bridge?', true).then(running.ended);
    const { engine, settings } = await running.app.handlers.getState({});
    const usual = usualPlanOf(engine.plans, settings.plan);
    expect(usual).not.toBe('dense');
    expect(turn.answers.map(({ plan, text }) => [plan, text])).toEqual([
      ['dense', '4 dollars'],
      [usual, '4 dollars'],
    ]);
    const [dense, planned] = turn.answers.map(({ memory }) => memory);
    expect(dense?.bytes).toBe(planned?.denseBytes);
    expect(planned?.bytes).toBeLessThan(dense?.bytes as number);
  });

  it('take away what was said after a question that is asked in other words', async () => {
    const { handlers } = running.app;
    const first = await running.ask(bridge, 'What is the toll of the Vernon Bridge?').then(running.ended);
    const { conversation } = first;
    const second = await handlers.ask({
      conversation,
      question: 'Who is the owner of the Corwin Mill?',
      compare: false,
    });
    await running.ended(second);
    const again = await handlers.editQuestion({
      turn: first.id,
      question: 'How much is the toll of the Vernon Bridge?',
    });
    expect((await running.ended(again)).answers[0]?.text).toBe('4 dollars');
    const { turns } = await handlers.getConversation({ conversation });
    expect(turns.map((turn: Turn) => turn.id)).toEqual([first.id]);
    expect(running.events).toContainEqual({ type: 'turns-removed', conversation, turns: [second.id] });
  });

  it('let the document go that rested longest where the limit on memory has no room for both, and read it again', async () => {
    const { handlers } = running.app;
    // Where memory is short, chunks are smaller: their size is asked for under a limit like the one to come.
    await handlers.changeSettings({ memoryMebibytes: 100 });
    const { fits } = await handlers.measure({ document: bridge });
    const { engine, settings } = await handlers.getState({});
    const usual = usualPlanOf(engine.plans, settings.plan);
    const used = fits.find(({ plan }: { plan: string }) => plan === usual)?.fit as Fit;
    await handlers.changeSettings({
      memoryMebibytes: Math.ceil((1.5 * used.cacheBytes + used.scratchBytes) / 2 ** 20),
    });
    await handlers.read({ document: bridge });
    await running.read(bridge);
    await handlers.read({ document: mill });
    await running.read(mill);
    expect(running.reading(bridge)).toBe('none');
    const turn = await running.ask(bridge, 'What is the toll of the Vernon Bridge?').then(running.ended);
    expect(turn.answers[0]?.text).toBe('4 dollars');
    expect(running.reading(mill)).toBe('none');
    await handlers.changeSettings({ memoryMebibytes: null });
  });

  it('start the engine anew when its settings change, end what it was answering, and go on', async () => {
    const { handlers } = running.app;
    await handlers.read({ document: bridge });
    await running.read(bridge);
    const before = running.started.length;
    await handlers.changeSettings({ threads: 1 });
    await expect.poll(async () => (await handlers.getState({})).engine.state, WAIT).toBe('ready');
    expect(running.started.length).toBe(before + 1);
    expect(running.started.at(-1)?.threads).toBe(1);
    const turn = await running.ask(bridge, 'What is the toll of the Vernon Bridge?').then(running.ended);
    expect(turn.answers[0]?.text).toBe('4 dollars');
  });

  it('run another model of this machine when it is chosen, and count tokens anew', async () => {
    const { handlers } = running.app;
    const other = join(temporaryFolder(), 'other');
    cpSync(READER, other, { recursive: true });
    rmSync(join(other, 'pod.json'));
    const models = new ModelLibrary(join(folder, 'models'));
    await models.add(other, false);
    const broken = join(temporaryFolder(), 'broken');
    cpSync(READER, broken, { recursive: true });
    await models.add(broken, false);
    rmSync(join(broken, 'onnx'), { recursive: true });
    const { models: known } = await handlers.listModels({});
    expect(known.map(({ name, verdict, failure }: ModelEntry) => ({ name, verdict, code: failure?.code }))).toEqual([
      { name: 'reader', verdict: 'supported', code: undefined },
      { name: 'other', verdict: 'supported', code: undefined },
      { name: 'broken', verdict: 'not supported', code: 'model-missing' },
    ]);
    await expect((async () => handlers.changeSettings({ model: 'none' }))()).rejects.toMatchObject({
      code: 'entry-missing',
    });
    await handlers.changeSettings({ model: 'other' });
    await expect.poll(async () => (await handlers.getState({})).engine.model?.name, WAIT).toBe('other');
    expect(running.app.modelFolder()).toBe(other);
    const turn = await running.ask(bridge, 'What is the toll of the Vernon Bridge?').then(running.ended);
    // Without a plan of its own it runs dense.
    expect(turn.answers[0]).toMatchObject({ plan: 'dense', text: '4 dollars' });
    // Nor is there anything to compare it with.
    const compared = await running.ask(bridge, 'What is the toll of the Vernon Bridge?', true).then(running.ended);
    expect(compared.answers.map(({ plan }) => plan)).toEqual(['dense']);
    await handlers.changeSettings({ model: null });
    await expect.poll(async () => (await handlers.getState({})).engine.model?.name, WAIT).toBe('reader');
  });

  it('refuse pages that the document does not have, and calls for what is gone', async () => {
    const { handlers } = running.app;
    const read = async (pages: { first: number; last: number }) => handlers.read({ document: bridge, pages });
    await expect(read({ first: 1, last: 5 })).rejects.toMatchObject({
      code: 'page-range-invalid',
      detail: { pages: 4 },
    });
    await handlers.removeDocument({ document: mill });
    await expect((async () => handlers.getPages({ document: mill }))()).rejects.toMatchObject({
      code: 'entry-missing',
    });
    expect(running.events).toContainEqual({ type: 'document-removed', document: mill });
  });
});

describe('an engine that does not start', () => {
  const missing = new ProximaError('runtime-missing', { runtime: 'webgpu', reason: 'there is no card' });
  const onlyCpu = (settings: Settings) =>
    settings.runtime === 'cpu' ? forkEngine({ runtime: 'cpu' }) : Promise.reject(missing);

  it('is replaced by the CPU, which is said, where nobody insisted on the card', async () => {
    const running = run(temporaryFolder(), onlyCpu);
    await running.read(await running.add('note.txt', 'The toll of the Vernon Bridge is 4 dollars.'));
    expect(running.notices()).toEqual(['on-processor']);
    running.app.close();
  });

  it('fails with its reason where the card was insisted on, and works once that is taken back', async () => {
    const running = run(temporaryFolder(), onlyCpu);
    const { handlers } = running.app;
    await handlers.changeSettings({ runtime: 'webgpu' });
    const note = await running.add('note.txt', `${PROSE.repeat(20)}The toll of the Vernon Bridge is 4 dollars.`);
    await expect.poll(async () => (await handlers.getState({})).engine.state, WAIT).toBe('failed');
    expect((await handlers.getState({})).engine.failure).toMatchObject({ code: 'runtime-missing' });
    const failed = await running.ask(note, 'What is the toll of the Vernon Bridge?').then(running.ended);
    expect(failed.answers[0]).toMatchObject({ state: 'failed', failure: { code: 'runtime-missing' } });
    await handlers.changeSettings({ runtime: 'cpu' });
    const again = await handlers.retry({ turn: failed.id });
    expect((await running.ended(again)).answers[0]).toMatchObject({ state: 'done', text: '4 dollars' });
    running.app.close();
  });
});
