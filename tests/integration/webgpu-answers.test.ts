/**
 * The built-in reader's answers on WebGPU and on the CPU, under every plan that it ships with: the same, to the letter. Of four pages
 * of the sample that tell a planted fact; PROXIMA_SAMPLE_PAGES=108 reads all of it, which takes a software adapter long.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer } from '../../engine/engine.ts';
import { openModelFolder } from '../../engine/folders/node.ts';
import { greedy } from '../../engine/generate/sampling.ts';
import { readDocumentFile } from '../../engine/hosts/document-reader.ts';
import { Reading } from '../../engine/local/reading.ts';
import { loadModel, type Model } from '../../engine/model/model.ts';
import { choosePolicy } from '../../engine/policy.ts';
import { createCpuRuntime } from '../../engine/runtime/cpu.ts';
import { createNodeWebGpuRuntime } from '../../engine/runtime/webgpu-node.ts';
import { testDevice } from '../unit/backends/webgpu/adapter.ts';
import { READER, ROOT, SAMPLE } from './command.ts';

const PAGES = process.env.PROXIMA_SAMPLE_PAGES;
const device = await testDevice();
device?.destroy();

interface Fact {
  readonly question: string;
  readonly statement: string;
}

const facts: readonly Fact[] = JSON.parse(readFileSync(join(ROOT, 'build/sample/facts.json'), 'utf8'));
const tells = (text: string, { statement }: Fact) => text.replace(/\s+/g, ' ').includes(statement.slice(-24));

/** Of the planted facts, those that these pages tell, and one that they don't. */
function questionsAbout(pages: readonly { readonly text: string }[]): string[] {
  const told = (fact: Fact) => pages.some(({ text }) => tells(text, fact));
  return [...facts.filter(told), ...facts.filter((fact) => !told(fact)).slice(0, 1)].map(({ question }) => question);
}

const planIds = () => {
  const { plans } = JSON.parse(readFileSync(join(READER, 'pod.json'), 'utf8'));
  return ['dense', ...plans.map(({ id }: { id: string }) => id)];
};

describe.skipIf(!device)('answers on WebGPU', () => {
  let models: readonly Model[];
  let pages: Awaited<ReturnType<typeof readDocumentFile>>['pages'];
  beforeAll(async () => {
    const load = async (runtime: Parameters<typeof loadModel>[1]) =>
      loadModel(await openModelFolder(READER), runtime, { dataFolder: join(READER, 'onnx') });
    models = [await load(await createNodeWebGpuRuntime()), await load(createCpuRuntime())];
    const { pages: all } = await readDocumentFile(SAMPLE);
    const telling = all.filter(({ text }) => facts.some((fact) => tells(text, fact)));
    pages = PAGES === undefined ? telling.slice(0, 4) : all.slice(0, Number(PAGES));
  });
  afterAll(async () => {
    for (const { decoder } of models) await decoder.close();
  });

  async function answers(model: Model, policy: string): Promise<Pick<Answer, 'answer' | 'pages'>[]> {
    const reading = await Reading.open(model, choosePolicy(model, { policy }), { pages }, { availableBytes: 2 ** 32 });
    const given: Answer[] = [];
    for (const text of questionsAbout(pages))
      given.push(await reading.ask({ text, turns: [], maxTokens: 24, sampling: greedy }));
    expect(reading.memory().bytes).toBeGreaterThan(0);
    reading.close();
    return given;
  }

  it.each(planIds())('are the processor’s under %s, with the same page first', async (policy) => {
    const [onGpu, onCpu] = [await answers(models[0] as Model, policy), await answers(models[1] as Model, policy)];
    expect(onGpu.length).toBeGreaterThan(1);
    expect(onGpu.map(({ answer }) => answer)).toEqual(onCpu.map(({ answer }) => answer));
    expect(onGpu.map((each) => each.pages[0]?.page)).toEqual(onCpu.map((each) => each.pages[0]?.page));
  });
});
