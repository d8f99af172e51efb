/** The quoting procedure against PyTorch's (`build/model/quoting/engine_fixture.py`), and in a whole reading. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CachePlan } from '../../engine/cache/plan.ts';
import { openModelFolder } from '../../engine/folders/node.ts';
import { readerOf } from '../../engine/local/model-reader.ts';
import { Reading } from '../../engine/local/reading.ts';
import type { Decoder } from '../../engine/model/decoder.ts';
import { loadModel, type Model } from '../../engine/model/model.ts';
import { choosePolicy } from '../../engine/policy.ts';
import { highest } from '../../engine/quoting/judge.ts';
import { look } from '../../engine/quoting/look.ts';
import type { Quoted } from '../../engine/quoting/quoter.ts';
import { Rereader } from '../../engine/quoting/read-again.ts';
import { createCpuRuntime } from '../../engine/runtime/cpu.ts';
import type { Runtime } from '../../engine/runtime/runtime.ts';
import { quotingFile } from '../unit/quoting/example.ts';
import { ask, READER, ROOT, temporaryFolder } from './command.ts';
import { cacheFor, openDecoder, relativeError } from './decoder.ts';

const FIXTURE = join(ROOT, 'tests/fixtures/quoting');

interface Expected {
  readonly ids: readonly number[];
  readonly spans: readonly (readonly [number, number])[];
  readonly telling: readonly number[];
  readonly opens: readonly number[];
  readonly refusal: readonly number[];
  readonly sinks: number;
  readonly recent: number;
  readonly plan: CachePlan['units'];
  readonly finder: readonly [number, number];
  readonly pointers: readonly [number, number];
  readonly asked: readonly {
    readonly question: readonly number[];
    readonly attention: readonly number[];
    readonly read: readonly {
      readonly sentence: number;
      readonly refused: number;
      readonly said: readonly number[];
      readonly chance: number;
    }[];
  }[];
}

const [BEGIN, QUESTION, ANSWER, END, SO] = [0, 1, 2, 3, 4];

describe('parity with PyTorch', () => {
  const expected: Expected = JSON.parse(readFileSync(join(FIXTURE, 'expected.json'), 'utf8'));
  const pointer = { layer: expected.pointers[0], keyValueHead: expected.pointers[1] };
  const file = {
    finder: { layer: expected.finder[0], keyValueHead: expected.finder[1] },
    start: { ...pointer, queryHead: 0 },
    end: { ...pointer, queryHead: 1 },
  };
  const sentences = expected.spans.map(([start, end]) => ({ text: '', start, end }));
  const telling = new Set(expected.telling);
  const opensWord = new Set(expected.opens);
  let decoder: Decoder;
  beforeAll(async () => {
    decoder = await openDecoder(FIXTURE);
  });
  afterAll(() => decoder.close());

  async function readDocument(chunk: number) {
    const proximity = { sinks: expected.sinks, recent: expected.recent };
    const cache = cacheFor(decoder, { units: expected.plan }, proximity, expected.ids.length + 200);
    for (let done = 0; done < expected.ids.length; done += chunk)
      await decoder.forward(expected.ids.slice(done, done + chunk), cache, { commit: true, want: 'nothing' });
    return cache;
  }

  it.each([256, 100])('finds, points and chooses alike, read in chunks of %d tokens', async (chunk) => {
    const cache = await readDocument(chunk);
    expect(expected.ids[0]).toBe(BEGIN);
    for (const { question, attention, read } of expected.asked) {
      cache.rewind();
      const prompt = [QUESTION ?? 1, ...question, ANSWER ?? 2];
      const rows = [...prompt.keys()].filter((row) => telling.has(prompt[row] ?? 0));
      const found = await look(decoder, cache, prompt, rows, sentences, file);
      // PyTorch's side sums over the telling words.
      const summed = found.map((each) => each * rows.length);
      expect(relativeError(summed, attention)).toBeLessThan(2e-3);
      expect(highest(found, 3)).toEqual(read.map(({ sentence }) => sentence));
      const rereader = new Rereader(decoder, cache, file, { so: SO ?? 4, end: END ?? 3, refusal: expected.refusal });
      for (const each of read) {
        const [start, end] = expected.spans[each.sentence] ?? [0, 0];
        const ids = expected.ids.slice(start, end);
        const opens = ids.map((id, place) => place === 0 || opensWord.has(id));
        const again = await rereader.read({ ids, opens });
        expect(relativeError([again.refused], [each.refused])).toBeLessThan(2e-2);
        const span = await rereader.choose(again);
        expect(ids.slice(span.start, span.end)).toEqual(each.said);
        // A product of many, over keys in f16.
        expect(relativeError([span.chance], [each.chance])).toBeLessThan(5e-2);
      }
    }
  });

  it('asks the last layer as well', async () => {
    const cache = await readDocument(256);
    const last = { finder: { layer: 3, keyValueHead: 0 } };
    const found = await look(decoder, cache, [1, 20, 21, 2], [1, 2], sentences, last);
    expect(Math.min(...found)).toBeGreaterThan(0);
  });

  it('leaves the document’s cache as it was', async () => {
    const cache = await readDocument(256);
    const next = async () => {
      const logits = await decoder.forward([9, 10, 11], cache, { commit: false, want: 'logits' });
      cache.rewind();
      return [...(logits ?? [])];
    };
    const before = { logits: await next(), bytes: cache.parts(), length: cache.length };
    await decoder.forward([1, 20, 21, 2], cache, { commit: false, want: 'nothing' });
    const rereader = new Rereader(decoder, cache, file, { so: 4, end: 3, refusal: expected.refusal });
    const ids = expected.ids.slice(40, 90);
    const asked = cache.length;
    await rereader.choose(await rereader.read({ ids, opens: ids.map(() => true) }));
    expect(cache.length).toBe(asked);
    cache.rewind();
    expect({ logits: await next(), bytes: cache.parts(), length: cache.length }).toEqual(before);
  });
});

const PAGES = [
  'The Harlow Bank stands in Mill Lane. The access code of the Harlow Bank is 73519.\nMr. Quist keeps the keys.',
  'The annual rent of the depot is 1,200 pounds. Nobody has paid it since 1911, as the ledger shows.',
  '',
  'Ada Quist was born in Orleham on 4 May 1871. She built the second bridge over the Orle.',
].map((text, index) => ({ number: index + 1, text }));

/** The built-in reader's graph, told to quote: what it says is nonsense, but how it comes about is not. */
function quotingFolder(more: object = {}): string {
  const folder = temporaryFolder();
  cpSync(READER, folder, { recursive: true });
  const file = { ...quotingFile, tokens: { so: '<|answer|>', end: '<|end|>' }, ...more };
  writeFileSync(join(folder, 'quoting.json'), JSON.stringify(file));
  return folder;
}

async function quotingModel(more: object = {}, runtime: Runtime = createCpuRuntime({ threads: 1 })): Promise<Model> {
  const folder = quotingFolder(more);
  return loadModel(await openModelFolder(folder), runtime, { dataFolder: join(folder, 'onnx') });
}

const QUESTIONS = ['What is the access code of the Harlow Bank?', 'Who was born in Orleham?', 'How much is the rent?'];

function open(model: Model, policy?: string): Promise<Reading> {
  return Reading.open(model, choosePolicy(model, { policy }), { pages: PAGES }, { availableBytes: Infinity });
}

describe('a reading that quotes', () => {
  let model: Model;
  beforeAll(async () => {
    model = await quotingModel();
  });
  afterAll(() => model.decoder.close());

  it('reads sentence by sentence, none over the border of a page', async () => {
    const reading = await open(model);
    const { ids, sentences, pages } = reading.tokens;
    expect(sentences).toHaveLength(7);
    for (const { text, start, end } of sentences) {
      expect(model.tokenizer.decode(ids.slice(start, end)).trim()).toBe(text);
      expect(pages.filter((page) => page.start <= start && end <= page.end)).toHaveLength(1);
    }
    reading.close();
  });

  it.each(['pod', 'dense', 'small'])(
    'answers in the document’s words under %s, with the place of their sentence',
    async (policy) => {
      const reading = await open(model, policy);
      for (const text of QUESTIONS) {
        let quoted: Quoted | undefined;
        const answer = await reading.ask({ text, turns: [], maxTokens: 20 }, { onQuoted: (found) => (quoted = found) });
        const [place] = answer.pages;
        expect(answer.pages).toHaveLength(1);
        expect(PAGES.find(({ number }) => number === place?.page)?.text).toContain(place?.passage);
        expect(place?.passage).toContain(answer.answer);
        expect(answer.answer).not.toBe('');
        expect(answer.confidence).toBeNull();
        expect(quoted?.considered.length).toBeGreaterThan(1);
      }
      reading.close();
    },
  );

  it('takes a question as long as a page', async () => {
    const reading = await open(model);
    const answer = await reading.ask({
      text: `${'Tell me, please. '.repeat(150)}${QUESTIONS[0]}`,
      turns: [],
      maxTokens: 20,
    });
    expect(answer.pages[0]?.passage).toContain(answer.answer);
    reading.close();
  });

  it('answers alike in one conversation and each question by itself', async () => {
    const reading = await open(model);
    const alone = [];
    for (const text of QUESTIONS) alone.push((await reading.ask({ text, turns: [], maxTokens: 20 })).answer);
    const turns: { question: string; answer: string }[] = [];
    for (const text of [...QUESTIONS, ...QUESTIONS]) {
      const { answer } = await reading.ask({ text, turns: [...turns], maxTokens: 20 });
      turns.push({ question: text, answer });
    }
    expect(turns.map(({ answer }) => answer)).toEqual([...alone, ...alone]);
    reading.close();
  });

  it('can be cancelled, and answers afterwards as if nothing had been asked', async () => {
    const reading = await open(model);
    const [text = ''] = QUESTIONS;
    const before = await reading.ask({ text, turns: [], maxTokens: 20 });
    const bytes = reading.memory().bytes;
    const control = new AbortController();
    const asked = reading.ask({ text, turns: [], maxTokens: 20 }, { signal: control.signal });
    control.abort();
    await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
    const after = await reading.ask({ text, turns: [], maxTokens: 20 });
    expect(after.answer).toBe(before.answer);
    expect(reading.memory().bytes).toBe(bytes);
    reading.close();
  });

  it('says that the document does not tell, of one without a sentence', async () => {
    const policy = choosePolicy(model);
    const pages = [{ number: 1, text: ' \n ' }];
    const reading = await Reading.open(model, policy, { pages }, { availableBytes: Infinity });
    const answer = await reading.ask({ text: 'Who?', turns: [], maxTokens: 20 });
    expect(answer).toMatchObject({ answer: quotingFile.refusal, pages: [], closest: [] });
    reading.close();
  });
});

describe('an answer that is not sure', () => {
  const weights = { taken: 0, found: 0, pointed: 0 };
  const answered = async (bias: number, refuseBelow: number) => {
    const model = await quotingModel({ confidence: { fitted: 'a test', bias, weights, refuseBelow } });
    const reading = await open(model);
    const answer = await reading.ask({ text: QUESTIONS[0] ?? '', turns: [], maxTokens: 20 });
    reading.close();
    await model.decoder.close();
    return answer;
  };

  it('is given alone where it is likely right', async () => {
    expect(await answered(3, 0.2)).toMatchObject({ closest: [], pages: [{}] });
  });

  it('stands beside the closest passages where it is a guess', async () => {
    const { answer, closest, pages } = await answered(-0.5, 0.2);
    expect(pages[0]?.passage).toContain(answer);
    expect(closest.length).toBeGreaterThan(0);
    expect(closest.some(({ foundBy }) => foundBy.includes('attention'))).toBe(true);
    expect(closest[0]).toMatchObject({ page: 1 });
  });

  it('is refused below the border, in favour of the closest passages', async () => {
    const { answer, closest, pages, confidence } = await answered(-3, 0.2);
    expect(answer).toBe(quotingFile.refusal);
    expect(pages).toEqual([]);
    expect(closest.length).toBeGreaterThan(0);
    expect(confidence).toBeLessThan(0.2);
  });
});

describe('a runtime that can’t tell attention sums', () => {
  it('writes answers, as before', async () => {
    const runtime = createCpuRuntime({ threads: 1 });
    const without = {
      ...runtime,
      createLayers: (...given: Parameters<typeof runtime.createLayers>) =>
        Object.assign(runtime.createLayers(...given), { sums: false }),
    };
    const model = await quotingModel({}, without);
    expect(readerOf(model, without).capabilities.answers).toBe('written');
    const reading = await open(model);
    expect(reading.tokens.sentences).toEqual([]);
    const answer = await reading.ask({ text: QUESTIONS[0] ?? '', turns: [], maxTokens: 20 });
    expect(answer.answer).toBe('73519');
    expect(answer.pages.length).toBeGreaterThan(0);
    reading.close();
    await model.decoder.close();
    expect(readerOf(await quotingModel(), runtime).capabilities.answers).toBe('quoted');
  });
});

describe('in the terminal', () => {
  it('tells the answer, its page and its sentence', async () => {
    const folder = quotingFolder();
    const file = join(temporaryFolder(), 'bank.txt');
    writeFileSync(file, PAGES.map(({ text }) => text).join('\n\n'));
    const outcome = await ask(['--model', folder, '--json', file, QUESTIONS[0] ?? '']);
    expect(outcome.stderr).not.toContain('Error');
    const { answers } = JSON.parse(outcome.stdout);
    expect(answers[0].pages).toMatchObject([{ page: 1, passage: expect.stringContaining(answers[0].answer) }]);
  });
});

describe('a quoting.json that does not fit its model', () => {
  it.each([
    ['a layer too many', { finder: { layer: 8, keyValueHead: 0 } }],
    ['a token that is none', { tokens: { so: '<|nothing|>', end: '<|end|>' } }],
  ])('%s is refused when it is loaded', async (_, more) => {
    await expect(quotingModel(more)).rejects.toMatchObject({ code: 'model-damaged', detail: { part: 'quoting.json' } });
  });
});
