/** The models page's services: what is told of models comes from their files; downloads pause, go on, are given up and outlive the app. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppEvent, Download } from '../../electron/contract.ts';
import { type App, createApp } from '../../electron/services/app.ts';
import { answerCall } from '../../electron/services/calls.ts';
import { readDocumentFile } from '../../engine/hosts/document-reader.ts';
import { forkEngine } from '../../engine/hosts/fork-engine.ts';
import { READER, ROOT, temporaryFolder } from './command.ts';
import { GRAPH, type HubServer, REPOSITORY, startHub } from './hub-server.ts';
import { completed, shallowReader, shapeOf } from './model-folder.ts';

const WAIT = { timeout: 60_000, interval: 20 };
/** Some thousand words of plain English. */
const PROSE = join(ROOT, 'DECISIONS.md');
const NAME = 'someone--reader-ONNX-fp32';

let hub: HubServer;
let app: App;
const folder = temporaryFolder();
const events: AppEvent[] = [];
const before = { endpoint: process.env.HF_ENDPOINT, token: process.env.HF_TOKEN };

function start(): App {
  const started = createApp({
    dataFolder: folder,
    modelFolder: READER,
    catalogueFile: join(ROOT, 'assets/models/catalogue.json'),
    startHost: ({ threads }) => forkEngine({ runtime: 'cpu', threads: threads ?? 1 }),
    readFile: readDocumentFile,
  });
  started.onEvent((event) => events.push(event));
  return started;
}

beforeAll(async () => {
  hub = await startHub();
  process.env.HF_ENDPOINT = hub.endpoint;
  delete process.env.HF_TOKEN;
  app = start();
});
afterAll(() => {
  app.close();
  hub.close();
  process.env.HF_ENDPOINT = before.endpoint ?? '';
  if (before.token !== undefined) process.env.HF_TOKEN = before.token;
  rmSync(folder, { recursive: true });
});

const list = () => app.handlers.listModels({});
const download = async (): Promise<Download | undefined> => (await list()).downloads[0];
const begun = async () => {
  const { id } = await app.handlers.downloadModel({ repository: REPOSITORY, dtype: 'fp32' });
  await expect.poll(async () => (await download())?.done ?? 0, WAIT).toBeGreaterThan(2 ** 21);
  return id;
};
const kept = () => {
  const plans = join(folder, 'plans');
  return existsSync(plans) ? readdirSync(plans).filter((name) => name.endsWith('.json')) : [];
};
const partial = () => readdirSync(join(folder, 'models', NAME, 'onnx')).filter((name) => name !== 'model.onnx');

describe('the models page', () => {
  it('tells of the built-in model what its files say, asks nobody, and has a catalogue', async () => {
    const { models, catalogue, downloads, hub: where } = await list();
    const config = JSON.parse(readFileSync(join(READER, 'config.json'), 'utf8'));
    expect(models).toHaveLength(1);
    expect(models[0]).toMatchObject({ builtIn: true, verdict: 'supported', failure: null });
    expect(models[0]?.facts).toMatchObject({
      modelType: config.model_type,
      contextTokens: config.max_position_embeddings,
      layers: config.num_hidden_layers,
      keyValueHeads: config.num_key_value_heads,
      headSize: config.head_dim,
      plan: 'adapted',
    });
    expect(catalogue.length).toBeGreaterThanOrEqual(12);
    expect(downloads).toEqual([]);
    expect(where).toEqual({ endpoint: hub.endpoint, token: 'none' });
    expect(hub.asked).toEqual([]);
  });

  it('asks the hub what there is of a model, with bytes', async () => {
    const { choices } = await app.handlers.lookUpModel({ repository: REPOSITORY });
    const graph = readFileSync(join(READER, GRAPH)).length;
    expect(choices.map(({ dtype }) => dtype)).toEqual(['fp32']);
    expect(choices[0]?.bytes).toBeGreaterThan(graph);
    expect(choices[0]?.bytes).toBeLessThan(graph + 2 ** 21);
    expect(await answerCall(app.handlers, 'lookUpModel', { repository: 'a/b/../c' })).toMatchObject({
      failure: { code: 'option-invalid' },
    });
  });

  it('pauses a download, keeps what has come over the end of the app, and goes on from there', async () => {
    hub.pause = 30;
    const id = await begun();
    await app.handlers.pauseDownload({ download: id });
    const paused = await download();
    expect(paused).toMatchObject({ state: 'paused', repository: REPOSITORY });
    expect(partial()).not.toEqual([]);
    app.close();
    app = start();
    expect(await download()).toMatchObject({ id, state: 'paused', done: paused?.done });
    hub.pause = 0;
    hub.asked.length = 0;
    await app.handlers.resumeDownload({ download: id });
    await expect.poll(async () => (await list()).models.map(({ name }) => name), WAIT).toContain(NAME);
    expect(Number(/bytes=(\d+)-/.exec(hub.asked.find(({ range }) => range)?.range ?? '')?.[1])).toBeGreaterThan(
      2 ** 20,
    );
    expect(events).toContainEqual({ type: 'download-ended', download: id, model: NAME });
    expect(await download()).toBeUndefined();
    const got = readFileSync(join(folder, 'models', NAME, GRAPH));
    expect(got.equals(readFileSync(join(READER, GRAPH)))).toBe(true);
    expect(partial()).toEqual([]);
  });

  it('uses a model that has come, and goes back to the built-in one when it is removed, files and all', async () => {
    await app.handlers.changeSettings({ model: NAME });
    const engine = async () => (await app.handlers.getState({})).engine;
    await expect.poll(async () => (await engine()).model?.name, WAIT).toBe(NAME);
    await app.handlers.removeModel({ model: NAME });
    expect((await app.handlers.getState({})).settings.model).toBe(null);
    await expect.poll(async () => (await engine()).model?.name, WAIT).toBe('reader');
    expect(existsSync(join(folder, 'models', NAME))).toBe(false);
    expect((await list()).models.map(({ builtIn }) => builtIn)).toEqual([true]);
  });

  it('deletes what has come of a download that is given up', async () => {
    hub.pause = 30;
    const id = await begun();
    await app.handlers.cancelDownload({ download: id });
    expect(await download()).toBeUndefined();
    expect(existsSync(join(folder, 'models', NAME))).toBe(false);
    expect(events).toContainEqual({ type: 'download-ended', download: id, model: null });
    expect(await answerCall(app.handlers, 'pauseDownload', { download: id })).toMatchObject({
      failure: { code: 'entry-missing' },
    });
  });

  it('imports a folder where it is, and says why another can’t be used', async () => {
    await app.handlers.importModel({ folder: READER });
    expect((await list()).models.map(({ name, own }) => [name, own])).toEqual([
      ['reader', false],
      ['reader', false],
    ]);
    await app.handlers.removeModel({ model: 'reader' });
    expect(existsSync(join(READER, GRAPH))).toBe(true);
    const empty = mkdtempSync(join(tmpdir(), 'proxima-'));
    const outcome = await answerCall(app.handlers, 'importModel', { folder: empty });
    expect(outcome).toMatchObject({
      failure: { code: 'model-missing', detail: { lacks: expect.stringContaining('config.json') } },
    });
    rmSync(empty, { recursive: true });
  });

  it('offers less than all for a model without a plan only once a plan was found and measured on the reader’s documents', async () => {
    const bare = await shallowReader(2, join(folder, 'bare'));
    const before = readdirSync(bare);
    const { handlers } = app;
    await handlers.importModel({ folder: bare });
    await handlers.changeSettings({ model: 'bare', plan: 'pod' });
    const model = async () => (await handlers.getState({})).engine.model;
    const offer = async (plan: string) =>
      (await handlers.getState({})).engine.plans.find(({ id }: { id: string }) => id === plan);
    await expect.poll(async () => (await model())?.name, WAIT).toBe('bare');
    await expect.poll(() => offer('pod'), WAIT).toMatchObject({ label: 'PoD', standing: 'unmeasured', check: null });

    const prose = readFileSync(PROSE, 'utf8').slice(0, 5_000);
    const { id: document } = await app.addFile('trees.txt', Readable.from([prose]));
    const reading = async () =>
      (await handlers.getState({})).documents.find(({ id }: { id: string }) => id === document)?.reading;
    await expect.poll(async () => (await reading())?.state, WAIT).toBe('read');
    expect((await reading())?.plan).toBe('dense');

    const wanted = { model: 'bare', documents: [document], saving: 0.6 };
    expect(await handlers.explore(wanted)).toMatchObject({ model: 'bare', state: 'running' });
    expect(await answerCall(handlers, 'explore', wanted)).toMatchObject({ failure: { code: 'exploration-busy' } });
    await handlers.cancelExploration({});
    expect((await list()).exploration?.state).toBe('cancelled');
    expect(kept()).toEqual([]);

    await handlers.explore(wanted);
    await expect.poll(async () => (await list()).exploration?.state, { ...WAIT, timeout: 240_000 }).toBe('done');
    const check = (await list()).exploration?.check;
    expect(check).toMatchObject({ documents: ['trees.txt'], dense: { planted: 6 }, plan: { planted: 6 } });
    expect(check?.saving).toBeGreaterThanOrEqual(0.6);
    expect(readdirSync(bare)).toEqual(before);
    expect(kept()).toHaveLength(1);
    await expect.poll(async () => (await offer('explored'))?.standing, WAIT).toBe('measured');
    expect(await offer('explored')).toMatchObject({ check, evaluated: null, label: 'Explored' });
    expect(await offer('pod')).toBeUndefined();
    const { models } = await list();
    expect(models.find(({ name }) => name === 'bare')?.facts).toMatchObject({ plan: 'not adapted', check });

    await handlers.read({ document });
    await expect.poll(async () => (await reading())?.state, WAIT).toBe('read');
    expect((await reading())?.plan).toBe('explored');
    const { fits } = await handlers.measure({ document });
    expect(fits.map(({ plan }: { plan: string }) => plan)).toEqual(['dense', 'explored']);
  });

  it('finds a plan again after a restart, leaves one out that does not fit, and forgets it with the model', async () => {
    const plans = async () => (await app.handlers.getState({})).engine.plans.map(({ id }: { id: string }) => id);
    app.close();
    app = start();
    await expect.poll(plans, WAIT).toEqual(['dense', 'explored']);

    const path = join(folder, 'plans', kept()[0] ?? '');
    const good = readFileSync(path, 'utf8');
    // Both units of the second layer follow one that comes after them.
    const hostile = JSON.parse(good);
    const follower = { role: 'follow', leader: 7, values: 'f16' };
    hostile.plan.plans[0].units[1] = [follower, follower];
    for (const content of [JSON.stringify(hostile), good.replace('"units"', '"knits"'), '{', '']) {
      app.close();
      writeFileSync(path, content);
      app = start();
      await expect.poll(plans, WAIT).toEqual(['dense', 'pod']);
    }
    writeFileSync(path, good);
    await app.handlers.removeModel({ model: 'bare' });
    expect(readdirSync(join(folder, 'plans'))).toEqual([]);
    await app.handlers.changeSettings({ model: null, plan: 'auto' });
  });

  it.each([
    ['gemma3-norm-nodes', 2],
    ['qwen3-norm-inputs-packed', 3],
  ])('shows of %s what its files say, and nothing else', async (fixture, unbounded) => {
    const path = completed(fixture);
    await app.handlers.importModel({ folder: path });
    expect((await list()).models.find(({ name }) => name === fixture)).toEqual({
      name: fixture,
      builtIn: false,
      own: false,
      verdict: 'supported',
      failure: null,
      facts: { ...shapeOf(path, unbounded), plan: 'none', check: null },
    });
    await app.handlers.removeModel({ model: fixture });
  });

  it('shows a token to the hub alone, and forgets it', async () => {
    expect(await app.handlers.setHubToken({ token: 'hf_secret' })).toEqual({
      endpoint: hub.endpoint,
      token: 'until the app ends',
    });
    hub.asked.length = 0;
    await app.handlers.lookUpModel({ repository: REPOSITORY });
    expect(new Set(hub.asked.map(({ token }) => token))).toEqual(new Set(['Bearer hf_secret']));
    expect(JSON.stringify(await list())).not.toContain('hf_secret');
    expect(await app.handlers.setHubToken({ token: null })).toMatchObject({ token: 'none' });
  });
});
