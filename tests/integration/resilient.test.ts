/** The device is destroyed in mid-prefill and in mid-decode: the document is read again, and the answer is the same. */
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { GpuLayers } from '../../engine/backends/webgpu/layers.ts';
import { ProximaError } from '../../engine/errors.ts';
import { openModelFolder } from '../../engine/folders/node.ts';
import { serveEngine } from '../../engine/hosts/host.ts';
import type { Port } from '../../engine/hosts/protocol.ts';
import { type Recovery, ResilientEngine, type StartedHost } from '../../engine/hosts/resilient-engine.ts';
import { createCpuRuntime } from '../../engine/runtime/cpu.ts';
import type { Runtime } from '../../engine/runtime/runtime.ts';
import { createNodeWebGpuRuntime } from '../../engine/runtime/webgpu-node.ts';
import { testDevice } from '../unit/backends/webgpu/adapter.ts';
import { ROOT } from './command.ts';

const READER = join(ROOT, 'assets/models/reader');
const probe = await testDevice();
probe?.destroy();
const devices: GPUDevice[] = [];
const channels: MessageChannel[] = [];
afterAll(() => {
  for (const { port1, port2 } of channels) {
    port1.close();
    port2.close();
  }
});

/** A host on a port of this process; `devices` gets what it runs on. */
async function startHost(runtime: Runtime): Promise<StartedHost> {
  const channel = new MessageChannel();
  channels.push(channel);
  serveEngine(channel.port1 as unknown as Port, {
    runtime: {
      ...runtime,
      createLayers: (...parameters) => {
        const layers = runtime.createLayers(...parameters);
        if (layers instanceof GpuLayers) devices.push(layers.memory.device);
        return layers;
      },
    },
    openFolder: async (name) => ({ folder: await openModelFolder(name), dataFolder: join(name, 'onnx') }),
  });
  channel.port1.start();
  channel.port2.start();
  return {
    port: channel.port2 as unknown as Port,
    ended: new Promise(() => {}),
    terminate: () => channel.port2.close(),
  };
}

const sentence = 'The weather was fair and nothing was said of it. ';
const pages = [1, 2, 3].map((number) => ({
  number,
  text: `${sentence.repeat(9)}${number === 2 ? 'The access code of the Harlow Bank is 73519. ' : ''}${sentence.repeat(9)}`,
}));
const ask = { question: 'What is the access code of the Harlow Bank?', maxTokens: 12 };

async function undisturbed() {
  const engine = new ResilientEngine(() => startHost(createCpuRuntime()));
  await engine.load(READER);
  const { document, tokens } = await engine.open({ pages, availableBytes: 2 ** 32 });
  const first = await engine.ask(document, ask);
  const second = await engine.ask(document, ask);
  return { tokens, answers: [first.answer.answer, second.answer.answer] };
}

describe('an engine that outlives its host', () => {
  it.skipIf(!probe)('reads again after the device was lost, in mid-prefill and in mid-decode', async () => {
    const recoveries: Recovery[] = [];
    const engine = new ResilientEngine(async () => startHost(await createNodeWebGpuRuntime()), {
      onRecovery: (each) => recoveries.push(each),
    });
    await engine.load(READER);
    let breaking = true;
    const breakOnce = () => {
      if (breaking) devices.at(-1)?.destroy();
      breaking = false;
    };
    const opened = await engine.open({ pages, availableBytes: 2 ** 32 }, { onProgress: breakOnce });
    expect(recoveries.map(({ cause }) => cause.code)).toEqual(['device-lost']);
    const first = await engine.ask(opened.document, ask);
    breaking = true;
    const second = await engine.ask(opened.document, ask, { onText: breakOnce });
    expect(recoveries).toHaveLength(2);
    const expected = await undisturbed();
    expect(opened.tokens).toBe(expected.tokens);
    // The second question has the first in its context: turns are taken along.
    expect([first.answer.answer, second.answer.answer]).toEqual(expected.answers);
    engine.terminate();
  });

  it('takes the smaller plan when memory was the trouble, and gives up when there is none', async () => {
    const full = new ProximaError('device-out-of-memory', { bytes: 0 });
    const policies: (string | undefined)[] = [];
    const start = async (): Promise<StartedHost> => {
      const listeners: ((event: { data: unknown }) => void)[] = [];
      const port: Port = {
        addEventListener: (_, listener) => listeners.push(listener),
        postMessage: (message) => {
          const { type, id, policy } = message as { type: string; id: number; policy?: string };
          if (type === 'open') policies.push(policy);
          const reply =
            type === 'load'
              ? { type: 'loaded', id, model: {} }
              : { type: 'failed', id, failure: { ...full, message: full.message } };
          queueMicrotask(() => {
            for (const listener of listeners) listener({ data: reply });
          });
        },
      };
      return { port, ended: new Promise(() => {}), terminate: () => {} };
    };
    const engine = new ResilientEngine(start);
    await engine.load('any');
    const cause = await engine.open({ pages, policy: 'dense' }).catch((error: ProximaError) => error);
    expect((cause as ProximaError).code).toBe('device-out-of-memory');
    expect(policies).toEqual(['dense', 'pod']);
  });
});
