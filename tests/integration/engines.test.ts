/** One suite over every kind of engine: in this process, behind a port, and supervised in a process of its own. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { totalBytes } from '../../engine/cache/memory.ts';
import type { ContextSpec, Engine, PreparedContext, PrepareEvent } from '../../engine/engine.ts';
import type { ProximaError } from '../../engine/errors.ts';
import type { Fit } from '../../engine/fit.ts';
import { forkEngine } from '../../engine/hosts/fork-engine.ts';
import { serveEngine } from '../../engine/hosts/host.ts';
import { HostedEngine, type StartedHost } from '../../engine/hosts/hosted-engine.ts';
import { loadReader } from '../../engine/hosts/load-reader.ts';
import type { Port, Reply } from '../../engine/hosts/protocol.ts';
import { SupervisedEngine } from '../../engine/hosts/supervised-engine.ts';
import { LocalEngine } from '../../engine/local/local-engine.ts';
import { createCpuRuntime } from '../../engine/runtime/cpu.ts';
import { READER } from './command.ts';

const sentence = 'The weather was fair and nothing was said of it. ';
const pages = Array.from({ length: 12 }, (_, index) => ({
  number: index + 1,
  text: `${sentence.repeat(20)}${index === 6 ? 'The access code of the Harlow Bank is 73519. ' : ''}${sentence.repeat(10)}`,
}));
const context: ContextSpec = { parts: [{ document: 'bank', pages }], plan: 'pod', memoryBytes: 2 ** 32 };
const question = { text: 'What is the access code of the Harlow Bank?', turns: [], maxTokens: 20 };

const load = loadReader(createCpuRuntime({ threads: 1 }));

/** A host on a port of this process. */
function startHost(heard: (reply: Reply) => void = () => {}): StartedHost {
  const { port1, port2 } = new MessageChannel();
  serveEngine(port1 as unknown as Port, load);
  port1.start();
  port2.addEventListener('message', ({ data }) => heard(data as Reply));
  port2.start();
  return {
    port: port2 as unknown as Port,
    ended: new Promise(() => {}),
    terminate: () => {
      port1.close();
      port2.close();
    },
  };
}

const engines: readonly [string, () => Promise<Engine>][] = [
  ['in this process', async () => new LocalEngine(await load(READER, () => {}))],
  ['behind a port', () => HostedEngine.load(startHost(), READER, 1).result],
  [
    'supervised',
    () =>
      SupervisedEngine.start({ startHost: () => forkEngine({ runtime: 'cpu', threads: 1 }), folder: READER }).result,
  ],
];

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'settled',
    (cause: ProximaError) => cause.code,
  );

describe.each(engines)('an engine %s', (_, start) => {
  let engine: Engine;
  let prepared: PreparedContext;

  beforeAll(async () => {
    engine = await start();
  });
  afterAll(() => engine?.dispose());

  it('tells its model, its plans and what a context would take', async () => {
    expect(engine.model).toMatchObject({ name: 'reader', contextTokens: 65_536 });
    const { plans } = engine.capabilities;
    expect(plans.slice(0, 2).map(({ id, standing }) => [id, standing])).toEqual([
      ['dense', 'all kept'],
      ['pod', 'adapted'],
    ]);
    const savings = plans.map(({ saving }) => saving);
    expect(savings).toEqual([...savings].sort((a, b) => a - b));
    const { tokens, fits } = await engine.measure(context).result;
    expect(tokens).toBeGreaterThan(1000);
    const [dense, pod] = fits.map(({ fit }) => fit.cacheBytes);
    expect(pod).toBeLessThan(dense as number);
  });

  it('reads with progress and memory, and answers with text as it comes', async () => {
    const events: PrepareEvent[] = [];
    prepared = await engine.prepare(randomUUID(), context, (event) => events.push(event)).result;
    expect(events[0]?.type).toBe('fit');
    const progress = events.filter((event) => event.type === 'progress');
    expect(progress.at(-1)?.done).toBe(prepared.tokens);
    expect(progress.length).toBeGreaterThan(5);
    const memories = events.filter((event) => event.type === 'memory');
    expect(memories.at(-1)?.memory).toEqual(prepared.memory);
    const { parts, bytes } = prepared.memory;
    expect(totalBytes(parts)).toBe(bytes);
    expect(parts.map(({ label }) => label)).toEqual(['keys', 'values', 'window', 'sinks']);
    let text = '';
    const { answer, plan } = await prepared.ask(question, (event) => {
      if (event.type === 'text') text += event.text;
    }).result;
    expect([text.trim(), answer.answer, answer.pages[0]?.page, plan]).toEqual(['73519', '73519', 7, 'pod']);
  });

  it('answers with the turns that it is given, and no others', async () => {
    const turns = [{ question: 'Where is the Harlow Bank?', answer: 'The document does not say.' }];
    const first = await prepared.ask({ ...question, turns }).result;
    const second = await prepared.ask({ ...question, turns }).result;
    expect(first.answer.answer).toBe(second.answer.answer);
    expect(await codeOf(prepared.ask({ ...question, text: ' ' }).result)).toBe('question-empty');
  });

  it('answers between two chunks of a document that is read, and while that one is paused', async () => {
    let read = 0;
    const job = engine.prepare(randomUUID(), { ...context, plan: 'dense' }, ({ type }) => {
      if (type === 'progress' && ++read === 2) job.pause();
    });
    await expect.poll(() => read, { timeout: 20_000 }).toBeGreaterThanOrEqual(2);
    expect((await prepared.ask(question).result).answer.answer).toBe('73519');
    const atRest = read;
    expect((await prepared.ask(question).result).answer.answer).toBe('73519');
    expect(read).toBe(atRest);
    // Another document goes ahead of one that is paused.
    const other = await engine.prepare(randomUUID(), context).result;
    await other.release();
    expect(read).toBe(atRest);
    job.resume();
    const whole = await job.result;
    expect(whole.memory.saving).toBe(0);
    await whole.release();
  });

  it('ends at once what is cancelled: reading, paused, or waiting behind what is paused', async () => {
    let read = 0;
    const first = engine.prepare(randomUUID(), context, ({ type }) => {
      if (type === 'progress' && ++read === 1) first.pause();
    });
    await expect.poll(() => read, { timeout: 20_000 }).toBeGreaterThan(0);
    const second = engine.prepare(randomUUID(), context);
    second.pause();
    second.cancel();
    expect(await codeOf(second.result)).toBe('cancelled');
    first.cancel();
    expect(await codeOf(first.result)).toBe('cancelled');
    const reading = engine.prepare(randomUUID(), context, ({ type }) => type === 'progress' && reading.cancel());
    expect(await codeOf(reading.result)).toBe('cancelled');
    const asked = prepared.ask(question, () => asked.cancel());
    expect(await codeOf(asked.result)).toBe('cancelled');
    expect((await prepared.ask(question).result).answer.answer).toBe('73519');
  });

  it('says what does not fit, with its numbers', async () => {
    const job = engine.prepare(randomUUID(), { ...context, memoryBytes: 2 ** 20 });
    await expect(job.result).rejects.toMatchObject({
      code: 'memory-too-small',
      detail: { tokens: prepared.tokens, availableBytes: expect.any(Number) },
    });
  });

  it('counts what other contexts take when it reckons what is left', async () => {
    const { fit } = (await engine.measure(context).result).fits.find(({ plan }) => plan === 'pod') as { fit: Fit };
    const room = prepared.memory.bytes + fit.cacheBytes + fit.scratchBytes - 2 ** 20;
    expect(await codeOf(engine.prepare(randomUUID(), { ...context, memoryBytes: room }).result)).toBe(
      'memory-too-small',
    );
    const more = engine.prepare(randomUUID(), { ...context, memoryBytes: room + 2 ** 26 });
    await (await more.result).release();
  });

  it('knows nothing any more of what was released', async () => {
    const asked = prepared.ask({ ...question, maxTokens: 200 });
    await prepared.release();
    expect(await codeOf(asked.result)).toMatch(/cancelled|settled/);
    expect(await codeOf(prepared.ask(question).result)).toBe('context-missing');
  });

  it('ends everything when it is disposed of', async () => {
    const under = engine.prepare(randomUUID(), context);
    await engine.dispose();
    expect(await codeOf(under.result)).toBe('cancelled');
    expect(await codeOf(engine.prepare(randomUUID(), context).result)).toBe('cancelled');
    expect(await codeOf(engine.measure(context).result)).toBe('cancelled');
  });
});

describe('a host behind its protocol', () => {
  it('answers what it does not understand with a failure, and goes on', async () => {
    const heard: Reply[] = [];
    const host = startHost((reply) => heard.push(reply));
    for (const message of [null, 7, { type: 'prepare', id: 9001, context: 'all' }, { type: 'erase', id: 9002 }])
      host.port.postMessage(message);
    const engine = await HostedEngine.load(host, READER, 1).result;
    expect(heard.filter(({ type }) => type === 'failed').map(({ id }) => id)).toEqual([-1, -1, 9001, 9002]);
    await engine.dispose();
  });

  it('says where there is no model, and refuses to read without one', async () => {
    const heard: Reply[] = [];
    const host = startHost((reply) => heard.push(reply));
    host.port.postMessage({ type: 'measure', id: 1, context: { parts: [{ document: 'bank', pages: [] }] } });
    await expect.poll(() => heard.length, { timeout: 5_000 }).toBe(1);
    expect(heard[0]).toMatchObject({ type: 'failed', failure: { code: 'model-missing' } });
    expect(await codeOf(HostedEngine.load(host, join(READER, 'nowhere'), 1).result)).toBe('model-missing');
  });

  it('fails everything when the host is lost', async () => {
    const { promise: ended, resolve: end } = Promise.withResolvers<string>();
    const port: Port = { postMessage: () => {}, addEventListener: () => {} };
    const loading = HostedEngine.load({ port, ended, terminate: () => {} }, READER, 1);
    end('its process ended');
    expect(await codeOf(loading.result)).toBe('engine-lost');
  });
});
