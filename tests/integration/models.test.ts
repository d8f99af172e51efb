/** `npm run models` as people run it, against a hub on this machine that serves the built-in reader. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CatalogueModel } from '../../engine/hub/catalogue.ts';
import { listRepository } from '../../engine/hub/hub.ts';
import { READER, ROOT, temporaryFolder } from './command.ts';
import { GRAPH, type HubServer, REPOSITORY, startHub, startProxy } from './hub-server.ts';
import { completed } from './model-folder.ts';

let hub: HubServer;
const data = temporaryFolder();

beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.close());

function models(...parameters: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return modelsWith({}, ...parameters);
}

function modelsWith(
  environment: NodeJS.ProcessEnv,
  ...parameters: string[]
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [join(ROOT, 'engine/programs/models.ts'), '--data', data, ...parameters], {
    env: { ...process.env, HF_ENDPOINT: `${hub.endpoint}/`, HF_TOKEN: '', ...environment },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => (stdout += text));
  child.stderr.on('data', (text) => (stderr += text));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
}

/** A copy of a folder with the reader's tokenizer, and weights beside the graph that nobody may want. */
function withData(home: string): string {
  const folder = completed(basename(home), dirname(home));
  writeFileSync(join(folder, `${GRAPH}_data`), 'gigabytes');
  return folder;
}

describe('npm run models', () => {
  it('asks nobody for a list', async () => {
    const { stdout } = await models('list');
    expect(stdout).toMatch(/No models beside the built-in one/);
    expect(hub.asked).toEqual([]);
  });

  it('has a catalogue whose figures follow from shapes, and which says what it does not know', async () => {
    const models_ = JSON.parse((await models('--json', 'catalogue')).stdout) as CatalogueModel[];
    expect(models_.length).toBeGreaterThanOrEqual(12);
    for (const model of models_) expect(model.because === null).toBe(model.state === 'expected');
    // design: a 4B-class model with 36 layers, 8 KV heads of 128 takes 144 KiB a token.
    const { stdout } = await models('catalogue');
    expect(stdout).toMatch(/Qwen3 4B .*\n.*\n.*KV cache 140\.6 MiB a 1,000 tokens, 87\.9 with PoD/);
    expect(stdout).toMatch(/None of these was run by this project yet/);
    expect(hub.asked).toEqual([]);
  });

  it('gets a model whole, says what it is, and lists it', async () => {
    const { code, stdout } = await models('--json', 'get', REPOSITORY);
    expect(code).toBe(0);
    const model = JSON.parse(stdout);
    expect(model).toMatchObject({
      own: true,
      assessment: { verdict: 'supported', facts: { layers: 8, plan: 'adapted' } },
    });
    expect(readFileSync(join(model.folder, GRAPH)).equals(readFileSync(join(READER, GRAPH)))).toBe(true);
    expect(readdirSync(model.folder).some((name) => name.includes('partial'))).toBe(false);
    expect(existsSync(join(model.folder, 'README.md'))).toBe(false);
    const listed = await models('list');
    expect(listed.stdout).toMatch(/someone--reader-ONNX-fp32.*supported — llama, 8 layers, 2 KV heads of 64/s);
  });

  it('lists a repository to its end, at one commit, and takes nothing but that', async () => {
    hub.asked.length = 0;
    expect((await models('get', 'nobody/nothing')).stderr).toMatch(/download-missing/);
    hub.link = '<?recursive=true&cursor=0>; rel="next"';
    expect((await models('get', REPOSITORY)).stderr).toMatch(/list of files does not end.*\[hub-unreachable\]/);
    hub.link = undefined;
    hub.asked.length = 0;
    const { files, commit } = await listRepository({ endpoint: hub.endpoint }, REPOSITORY);
    const there = readdirSync(READER, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
    expect(files).toHaveLength(there.length);
    expect(hub.asked.slice(1).map(({ url }) => url.split('?')[0])).toEqual(
      hub.asked.slice(1).map(() => `/api/models/${REPOSITORY}/tree/${commit}`),
    );
    expect(hub.asked.length).toBeGreaterThan(3);
  });

  it('judges a model before it fetches its weights', async () => {
    hub.repositories.set('someone/refused', withData(join(ROOT, 'tests/fixtures/refused/llama-optimum')));
    const template = withData(READER);
    writeFileSync(join(template, 'tokenizer_config.json'), '{"chat_template": "nothing at all"}');
    hub.repositories.set('someone/silent', template);
    hub.asked.length = 0;
    const graph = await models('get', 'someone/refused');
    expect([graph.code, graph.stderr]).toEqual([1, expect.stringMatching(/no GroupQueryAttention.*model-unsupported/)]);
    const silent = await models('get', 'someone/silent');
    expect([silent.code, silent.stderr]).toEqual([1, expect.stringMatching(/chat template.*model-unsupported/)]);
    const fetched = hub.asked.map(({ url }) => url).filter((url) => url.includes('/onnx/'));
    expect(fetched).toEqual([expect.stringMatching(/someone\/refused.*model\.onnx$/)]);
    expect((await models('list')).stdout).not.toMatch(/refused|silent/);
  });

  it('fetches weights that lie beside the graph once it is judged', async () => {
    hub.repositories.set('someone/beside', completed('llama-external-data'));
    const { code, stdout } = await models('--json', 'get', 'someone/beside');
    const { folder, name } = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(readdirSync(join(folder, 'onnx')).sort()).toEqual(['model.onnx', 'model.onnx_data']);
    await models('remove', name);
  });

  it('imports a folder where it is, and forgets it without touching it; a fetched one goes', async () => {
    expect((await models('import', READER)).stdout).toMatch(/^reader\n.*supported/s);
    expect((await models('remove', 'reader')).stdout).toMatch(/untouched/);
    expect(existsSync(join(READER, GRAPH))).toBe(true);
    expect((await models('remove', 'someone--reader-ONNX-fp32')).stdout).toMatch(/with its files/);
    expect(readdirSync(data)).toEqual(['models.json']);
    expect((await models('list')).stdout).toMatch(/No models/);
  });

  it('goes through a proxy where the environment names one', async () => {
    const proxy = await startProxy();
    const settings = { HTTP_PROXY: proxy.address, HTTPS_PROXY: proxy.address, NO_PROXY: '', no_proxy: '' };
    const { stderr } = await modelsWith(settings, 'get', 'nobody/nothing');
    proxy.close();
    expect(stderr).toMatch(/download-missing/);
    expect(proxy.reached.map((each) => `http://${each}`)).toEqual([hub.endpoint]);
  });

  it('says in words what is in the way', async () => {
    const cases: readonly [string[], RegExp][] = [
      [['get', 'nobody/nothing'], /has no nobody\/nothing \(404\).*\[download-missing\]/],
      [['get', 'gated/model'], /\(401\).*token.*\[download-denied\]/],
      [['get', '../../etc'], /names no repository.*\[option-invalid\]/],
      [['get', REPOSITORY, '--dtype', 'q4'], /no graph as q4.*Choose one of fp32.*\[dtype-missing\]/],
      [['remove', 'x'], /no model x.*models -- list.*\[entry-missing\]/],
      [['import', temporaryFolder()], /no config\.json.*\[model-missing\]/],
    ];
    for (const [parameters, words] of cases) {
      const { code, stderr } = await models(...parameters);
      expect([parameters.join(' '), code]).toEqual([parameters.join(' '), 1]);
      expect(stderr).toMatch(words);
    }
    expect((await models('verify', temporaryFolder())).code).toBe(1);
  });
});
