/** Whatever a call is given, nothing outside the data folder is read, written or removed. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AppEvent } from '../../electron/contract.ts';
import { calls } from '../../electron/contract.ts';
import type { App } from '../../electron/services/app.ts';
import { answerCall } from '../../electron/services/calls.ts';
import { ModelLibrary } from '../../engine/hub/model-library.ts';
import { idleApp } from '../unit/services/idle-app.ts';
import { temporaryFolder } from './command.ts';

const SECRET = 'the canary sings at dawn';
/** Runs; each makes one call. */
const RUNS = 600;

const folder = temporaryFolder();
const models = join(folder, 'data/models');
const outside = join(folder, 'outside');
const events: AppEvent[] = [];
const endpoint = process.env.HF_ENDPOINT;
let app: App;
let hub: Server;
let document: string;

/** A hub that names files outside, and gives whatever it is asked for. */
function hostileHub(): Server {
  const files = [
    'onnx/model_q4.onnx',
    '../../../outside/canary.txt',
    '/etc/passwd',
    'config.json',
    '..\\..\\x',
    'onnx/../../pod.json',
  ];
  return createServer((request, response) => {
    const tree = files.map((path) => ({ type: 'file', path, size: 4 }));
    response.end(request.url?.startsWith('/api/') ? JSON.stringify(tree) : 'evil');
  });
}

/** What a hostile hand may have written into the list of models. */
function writeModels(): void {
  const entry = (name: string, path: string) => ({ name, folder: path, own: true });
  const listed = [
    entry('canary', outside),
    entry('..', join(folder, 'data/models/../../outside')),
    entry('link', join(models, 'link')),
    entry('all', models),
    entry('data', join(folder, 'data')),
    entry('list', join(models, 'models.json')),
    entry('own', join(models, 'own')),
  ];
  mkdirSync(join(models, 'own'), { recursive: true });
  writeFileSync(join(models, 'models.json'), JSON.stringify({ version: 1, models: listed }));
}

beforeAll(async () => {
  mkdirSync(models, { recursive: true });
  mkdirSync(join(outside, 'onnx'), { recursive: true });
  for (const name of ['canary.txt', 'config.json', 'tokenizer.json', 'onnx/model.onnx', 'pod.json'])
    writeFileSync(join(outside, name), SECRET);
  symlinkSync(outside, join(models, 'link'));
  symlinkSync(outside, join(models, 'linked--out-q4'));
  hub = hostileHub();
  await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve));
  process.env.HF_ENDPOINT = `http://127.0.0.1:${(hub.address() as AddressInfo).port}`;
  app = idleApp(folder, {
    startExplorer: () => ({
      post: () => {},
      onMessage: () => {},
      onExit: (listener) => void setTimeout(listener),
      kill: () => {},
    }),
  });
  app.onEvent((event) => events.push(event));
  document = (await app.addFile('../../outside/canary.txt', Readable.from(['My own text.']))).id;
});

beforeEach(writeModels);

afterAll(() => {
  app.close();
  hub.close();
  hub.closeAllConnections();
  process.env.HF_ENDPOINT = endpoint ?? '';
});

/** Everything around the data folder, with its bytes. */
function around(): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .map((each) => join(each.parentPath, each.name))
    .filter((path) => !path.startsWith(join(folder, 'data')));
  const contentOf = (path: string) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return 'folder';
    }
  };
  return Object.fromEntries(names.sort().map((path) => [path, contentOf(path)]));
}

const path = fc.constantFrom(
  '..',
  '../..',
  '../../outside',
  '../outside/canary.txt',
  '/etc/passwd',
  'a/../../outside',
  '..\\..\\outside',
  '%2e%2e%2foutside',
  '\0',
  '',
  '.',
  'linked/out',
  'models.json',
  'proxima.sqlite',
  'canary',
  'link',
  'all',
  'data',
  'list',
  'own',
  '....//',
  'x'.repeat(255),
  '__proto__',
  'file:///etc/passwd',
);
const hostile = fc.oneof(
  path,
  fc.tuple(path, path).map(([one, other]) => `${one}/${other}`),
  fc.constant('').map(() => outside),
  fc.constant('').map(() => join(outside, 'canary.txt')),
  fc.string({ unit: 'binary', maxLength: 40 }),
);
const anyId = fc.oneof(
  hostile,
  fc.constant('-'.repeat(36)),
  fc.uuid(),
  fc.constant('').map(() => document),
);
const parameters = fc.record(
  {
    document: anyId,
    conversation: anyId,
    turn: anyId,
    download: anyId,
    model: fc.oneof(hostile, fc.constantFrom('canary', 'link', 'all', 'data'), fc.constant(null)),
    repository: fc.oneof(
      hostile,
      hostile.map((each) => `owner/${each}`),
      hostile.map((each) => `${each}/name`),
    ),
    dtype: fc.constantFrom('q4', 'fp32', '../q4'),
    folder: hostile,
    documents: fc.array(anyId, { maxLength: 2 }),
    saving: fc.constant(null),
    token: hostile,
    password: hostile,
    question: hostile,
    compare: fc.boolean(),
    title: hostile,
    text: hostile,
    format: fc.constantFrom('markdown', 'json', '../json'),
    paused: fc.boolean(),
  },
  { noNullPrototype: true },
);

/** Those that turn a name into a path come more often. */
const call = fc.oneof(
  fc.constantFrom(...Object.keys(calls)),
  fc.constantFrom('removeModel', 'downloadModel', 'lookUpModel', 'importModel', 'changeSettings', 'explore'),
);

describe('paths', () => {
  it(`stay inside in ${RUNS} calls`, async () => {
    const before = around();
    await fc.assert(
      fc.asyncProperty(call, parameters, async (name, given) => {
        if (name === 'removeModel') writeModels();
        const outcome = await answerCall(app.handlers, name, given);
        expect(JSON.stringify(outcome)).not.toContain(SECRET);
        expect(around()).toEqual(before);
      }),
      { numRuns: RUNS, seed: 12 },
    );
    expect(JSON.stringify(events)).not.toContain(SECRET);
    expect(readFileSync(join(folder, 'data/proxima.sqlite')).includes(SECRET)).toBe(false);
  }, 120_000);

  it.each(['canary', '..', 'link', 'all', 'data', 'list', 'own'])(
    'removing the model %s deletes its own copy or nothing',
    async (model) => {
      const before = around();
      const beside = readdirSync(models);
      expect(await answerCall(app.handlers, 'removeModel', { model })).toEqual({ result: null });
      expect(around()).toEqual(before);
      expect(readdirSync(models)).toEqual(beside.filter((each) => model !== 'own' || each !== 'own'));
    },
  );

  it.each(['a/b/../../../../outside', '../../outside', 'a/..', 'linked/out'])(
    'no folder is made for the repository %s',
    (repository) => {
      expect(() => new ModelLibrary(models).folderFor(repository, 'q4')).toThrow(/option-invalid|storage-failed/);
    },
  );
});
