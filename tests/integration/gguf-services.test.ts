/** GGUF files in the app's services: found where other programs keep them, converted in a process of its own, stopped, refused. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppEvent, Conversion } from '../../electron/contract.ts';
import { type App, createApp } from '../../electron/services/app.ts';
import { answerCall } from '../../electron/services/calls.ts';
import { readDocumentFile } from '../../engine/hosts/document-reader.ts';
import { forkEngine } from '../../engine/hosts/fork-engine.ts';
import { READER, ROOT, temporaryFolder } from './command.ts';
import { ggufPath } from './gguf.ts';

const WAIT = { timeout: 60_000, interval: 20 };
const DIGEST = 'a'.repeat(64);

const home = temporaryFolder();
const folder = temporaryFolder();
const events: AppEvent[] = [];
let app: App;

function put(path: string, from: string): void {
  mkdirSync(dirname(join(home, path)), { recursive: true });
  cpSync(from, join(home, path));
}

/** Every program's folder as it lays it out, with a fixture in each. */
function furnish(): void {
  put('.lmstudio/models/someone/Qwen3-GGUF/Qwen3-Q8_0.gguf', ggufPath('qwen3'));
  put('.lmstudio/models/someone/Qwen3-GGUF/mmproj-model.gguf', ggufPath('qwen3'));
  put('.local/share/Jan/data/llamacpp/models/tiny-gemma/model.gguf', ggufPath('gemma2'));
  put('.cache/llama.cpp/broken.gguf', join(ROOT, 'package.json'));
  put('.cache/huggingface/hub/models--a--b/blobs/0123', ggufPath('llama-q4_k'));
  const snapshot = join(home, '.cache/huggingface/hub/models--a--b/snapshots/main');
  mkdirSync(snapshot, { recursive: true });
  symlinkSync('../../blobs/0123', join(snapshot, 'Llama-Q4_K.gguf'));
  put(`.ollama/models/blobs/sha256-${DIGEST}`, ggufPath('granite'));
  const manifest = join(home, '.ollama/models/manifests/host.example/library/granite/2b');
  mkdirSync(dirname(manifest), { recursive: true });
  const layers = [
    { mediaType: 'application/vnd.ollama.image.template', digest: `sha256:${'b'.repeat(64)}` },
    { mediaType: 'application/vnd.ollama.image.model', digest: `sha256:${DIGEST}` },
  ];
  writeFileSync(manifest, JSON.stringify({ layers }));
  writeFileSync(
    join(dirname(manifest), 'odd'),
    '{"layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": "../../etc"}]}',
  );
}

beforeAll(() => {
  furnish();
  for (const name of ['OLLAMA_MODELS', 'LLAMA_CACHE', 'HF_HUB_CACHE', 'HF_HOME', 'XDG_DATA_HOME', 'XDG_CACHE_HOME'])
    delete process.env[name];
  app = createApp({
    dataFolder: folder,
    modelFolder: READER,
    catalogueFile: join(ROOT, 'assets/models/catalogue.json'),
    startHost: ({ threads }) => forkEngine({ runtime: 'cpu', threads: threads ?? 1 }),
    readFile: readDocumentFile,
    home,
  });
  app.onEvent((event) => events.push(event));
});
afterAll(() => app.close());

const conversion = async (): Promise<Conversion | null> => (await app.handlers.listModels({})).conversion;
const ended = () => expect.poll(async () => (await conversion())?.state, WAIT);

describe('models of other programs', () => {
  it('are found by place, with what they are and whether they run', async () => {
    const found = await app.handlers.findModels({});
    const told = found.map(({ place, name, quantisation, contextTokens, verdict }) => [
      place,
      name,
      quantisation,
      contextTokens,
      verdict,
    ]);
    expect(told.toSorted()).toEqual([
      ['Hugging Face', 'Llama-Q4_K', 'Q4_K', 512, 'supported without PoD'],
      ['Jan', 'tiny-gemma', 'Q8_0', 512, 'supported without PoD'],
      ['LM Studio', 'Qwen3-Q8_0', 'Q8_0', 512, 'supported'],
      ['Ollama', 'granite:2b', 'Q8_0', 512, 'supported'],
      ['llama.cpp', 'broken', '', null, 'not supported'],
    ]);
    expect(found.find(({ name }) => name === 'broken')?.failure).toMatchObject({ code: 'gguf-damaged' });
  });

  it('become models of the library by a click, under the name that their program gives them', async () => {
    const [blob] = (await app.handlers.findModels({})).filter(({ place }) => place === 'Ollama');
    await app.handlers.importModel({ folder: blob?.path ?? '', name: blob?.name });
    await ended().toBe('done');
    const { models } = await app.handlers.listModels({});
    expect(models.at(-1)).toMatchObject({ name: 'granite-2b', own: true, verdict: 'supported' });
    expect(events.some((event) => event.type === 'conversion' && event.conversion.state === 'done')).toBe(true);
    await app.handlers.removeModel({ model: 'granite-2b' });
    expect(existsSync(join(folder, 'models/granite-2b'))).toBe(false);
    expect(existsSync(blob?.path ?? '')).toBe(true);
  });
});

describe('a conversion', () => {
  it('that fails says why and leaves nothing', async () => {
    await app.handlers.importModel({ folder: join(home, '.cache/llama.cpp/broken.gguf') });
    await ended().toBe('failed');
    expect(await conversion()).toMatchObject({ name: 'broken', failure: { code: 'gguf-damaged' } });
    expect(readdirSync(join(folder, 'models')).filter((name) => name !== 'models.json')).toEqual([]);
  });

  it('is stopped, and a second one waits for the first', async () => {
    await app.handlers.importModel({ folder: ggufPath('qwen3') });
    const second = await answerCall(app.handlers, 'importModel', { folder: ggufPath('qwen2') });
    expect(second).toMatchObject({ failure: { code: 'conversion-busy' } });
    await app.handlers.cancelImport({});
    expect(await conversion()).toMatchObject({ name: 'qwen3', state: 'cancelled' });
    expect(readdirSync(join(folder, 'models')).filter((name) => name !== 'models.json')).toEqual([]);
    await app.handlers.importModel({ folder: ggufPath('qwen2') });
    await ended().toBe('done');
    expect(readFileSync(join(folder, 'models/models.json'), 'utf8')).toMatch(/"qwen2"/);
  });
});
