/** The engine behind its protocol: host and client over a real port, with the built-in reader. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MemoryUse } from '../../engine/engine.ts';
import type { ProximaError } from '../../engine/errors.ts';
import { openModelFolder } from '../../engine/folders/node.ts';
import { EngineClient } from '../../engine/hosts/client.ts';
import { serveEngine } from '../../engine/hosts/host.ts';
import type { Port, Reply } from '../../engine/hosts/protocol.ts';
import { createCpuRuntime } from '../../engine/runtime/cpu.ts';
import { ROOT } from './command.ts';

const READER = join(ROOT, 'assets/models/reader');
const channel = new MessageChannel();
const [hostPort, callerPort] = [channel.port1 as unknown as Port, channel.port2 as unknown as Port];
const client = new EngineClient(callerPort);
const raw: Reply[] = [];

const sentence = 'The weather was fair and nothing was said of it. ';
const pages = Array.from({ length: 12 }, (_, index) => ({
  number: index + 1,
  text: `${sentence.repeat(20)}${index === 6 ? 'The access code of the Harlow Bank is 73519. ' : ''}${sentence.repeat(10)}`,
}));
const opening = { pages, availableBytes: 2 ** 32 };

beforeAll(async () => {
  serveEngine(hostPort, {
    runtime: createCpuRuntime(),
    openFolder: async (name) => ({ folder: await openModelFolder(name), dataFolder: join(name, 'onnx') }),
  });
  callerPort.addEventListener('message', ({ data }) => raw.push(data as Reply));
  channel.port1.start();
  channel.port2.start();
});

afterAll(() => {
  channel.port1.close();
  channel.port2.close();
});

const failure = (work: Promise<unknown>) => work.then(() => undefined).catch((cause: ProximaError) => cause);

describe('the engine behind its protocol', () => {
  it('refuses to read before a model is loaded', async () => {
    expect((await failure(client.open(opening)))?.code).toBe('model-missing');
  });

  it('loads a model, and says where there is none', async () => {
    expect((await failure(client.load('/nowhere')))?.code).toBe('model-missing');
    const parts: number[] = [];
    const model = await client.load(READER, { onProgress: ({ done }) => parts.push(done) });
    expect(model).toMatchObject({ name: 'reader', plan: 'adapted', contextTokens: 65_536 });
    expect(parts).toEqual(Array.from({ length: model.layers + 1 }, (_, index) => index + 1));
  });

  it('reads with progress and memory, and answers with text as it comes', async () => {
    const done: number[] = [];
    const memories: MemoryUse[] = [];
    const opened = await client.open(opening, {
      onProgress: (progress) => done.push(progress.done),
      onMemory: (memory) => memories.push(memory),
    });
    expect(done.at(-1)).toBe(opened.tokens);
    expect(done.length).toBeGreaterThan(5);
    expect(memories.at(-1)).toEqual(opened.memory);
    const { parts, bytes } = opened.memory;
    expect(parts.values + parts.leaderKeys + parts.followerKeys + parts.sinks).toBe(bytes);
    const texts: string[] = [];
    const ask = { reading: opened.reading, question: 'What is the access code of the Harlow Bank?', maxTokens: 20 };
    const { answer } = await client.ask(ask, { onText: (text) => texts.push(text) });
    expect(texts.join('').trim()).toBe(answer.answer);
    expect(answer.pages[0]?.page).toBe(7);
    await client.close(opened.reading);
    expect((await failure(client.ask(ask)))?.code).toBe('context-missing');
  });

  it('can be cancelled while it reads, and reads on request again', async () => {
    const controller = new AbortController();
    const callbacks = { signal: controller.signal, onProgress: () => controller.abort() };
    expect((await failure(client.open(opening, callbacks)))?.code).toBe('cancelled');
    const opened = await client.open(opening);
    expect(opened.tokens).toBeGreaterThan(1000);
    await client.close(opened.reading);
  });

  it('answers what it does not understand with a failure, and goes on', async () => {
    for (const message of [null, 7, { type: 'open', id: 9001, pages: 'all' }, { type: 'erase', id: 9002 }])
      callerPort.postMessage(message);
    await client.load(READER);
    const failed = raw.filter((reply) => reply.type === 'failed' && reply.failure.code === 'message-malformed');
    expect(failed.map(({ id }) => id)).toEqual([-1, -1, 9001, 9002]);
  });

  it('fails what is under way when the host is lost', async () => {
    const lost = new EngineClient({ postMessage: () => {}, addEventListener: () => {} });
    const asked = failure(lost.load(READER));
    lost.hostLost('its process ended');
    expect((await asked)?.code).toBe('engine-lost');
    expect((await failure(lost.load(READER)))?.code).toBe('engine-lost');
  });
});
