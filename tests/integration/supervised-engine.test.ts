/** An engine that outlives its hosts: processes killed while they read and answer, devices lost, memory at its end. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { GpuLayers } from '../../engine/backends/webgpu/layers.ts';
import type { ContextSpec, Engine, PlanId } from '../../engine/engine.ts';
import type { ProximaError } from '../../engine/errors.ts';
import { forkEngine } from '../../engine/hosts/fork-engine.ts';
import { serveEngine } from '../../engine/hosts/host.ts';
import type { StartedHost } from '../../engine/hosts/hosted-engine.ts';
import { loadReader } from '../../engine/hosts/load-reader.ts';
import type { Port } from '../../engine/hosts/protocol.ts';
import { SupervisedEngine } from '../../engine/hosts/supervised-engine.ts';
import { createCpuRuntime } from '../../engine/runtime/cpu.ts';
import type { Runtime } from '../../engine/runtime/runtime.ts';
import { createNodeWebGpuRuntime } from '../../engine/runtime/webgpu-node.ts';
import { testDevice } from '../unit/backends/webgpu/adapter.ts';
import { FakeHosts } from '../unit/hosts/fake-hosts.ts';
import { READER } from './command.ts';

const sentence = 'The weather was fair and nothing was said of it. ';
const pages = [1, 2, 3, 4].map((number) => ({
  number,
  text: `${sentence.repeat(20)}${number === 2 ? 'The access code of the Harlow Bank is 73519. ' : ''}${sentence.repeat(20)}`,
}));
const context: ContextSpec = { parts: [{ document: 'bank', pages }], plan: 'pod', memoryBytes: 2 ** 32 };
const question = { text: 'What is the access code of the Harlow Bank?', turns: [], maxTokens: 12 };
const WAIT = { timeout: 30_000 };

const running: Engine[] = [];
afterAll(async () => {
  for (const engine of running) await engine.dispose();
});

/** The engine's processes, as the system sees them. */
function enginePids(): number[] {
  const children = execFileSync('ps', ['--ppid', String(process.pid), '-o', 'pid=,args='], { encoding: 'utf8' });
  const lines = children.split('\n').filter((each) => each.includes('engine-process.ts'));
  return lines.map((line) => Number(line.trim().split(' ')[0]));
}

/** Ends them from outside, as a crash would. */
function killEngine(): void {
  for (const pid of enginePids()) process.kill(pid, 'SIGKILL');
}

it('survives being killed while it reads and while it answers, under the same names', async () => {
  const losses: string[] = [];
  let recoveries = 0;
  let started = 0;
  const engine = await SupervisedEngine.start({
    folder: READER,
    startHost: () => {
      started++;
      return forkEngine({ runtime: 'cpu', threads: 1 });
    },
    watch: { onLost: ({ code }) => losses.push(code), onRecovered: () => recoveries++ },
  }).result;
  running.push(engine);
  const other = await engine.prepare(randomUUID(), context).result;
  let killed = false;
  const kill = () => {
    if (!killed) killEngine();
    killed = true;
  };
  const restarts: string[] = [];
  const bank = await engine.prepare(randomUUID(), context, (event) => {
    if (event.type === 'progress') kill();
    if (event.type === 'restarted') restarts.push(event.failure.code);
  }).result;
  expect([losses, restarts, bank.generation]).toEqual([['engine-lost'], ['engine-lost'], 2]);
  killed = false;
  const { answer } = await bank.ask(question, (event) => {
    if (event.type === 'text') kill();
    else restarts.push(event.failure.code);
  }).result;
  expect(answer.answer).toBe('73519');
  expect([restarts.length, losses.length, started]).toEqual([2, 2, 3]);
  expect((await other.ask(question).result).answer.answer).toBe('73519');
  await expect.poll(() => recoveries, WAIT).toBe(2);
  expect(enginePids()).toHaveLength(1);
});

it('starts one host only, however many ask while it recovers', async () => {
  let started = 0;
  const engine = await SupervisedEngine.start({
    folder: READER,
    startHost: () => {
      started++;
      return forkEngine({ runtime: 'cpu', threads: 1 });
    },
  }).result;
  running.push(engine);
  const bank = await engine.prepare(randomUUID(), context).result;
  killEngine();
  const asked = await Promise.all([1, 2, 3].map(() => bank.ask(question).result));
  expect(asked.map(({ answer }) => answer.answer)).toEqual(['73519', '73519', '73519']);
  expect(started).toBe(2);
});

describe('with a graphics device', async () => {
  const probe = await testDevice();
  probe?.destroy();
  const devices: GPUDevice[] = [];

  /** A host on a port of this process; `devices` gets what it runs on. */
  async function startHost(runtime: Runtime): Promise<StartedHost> {
    const { port1, port2 } = new MessageChannel();
    const watched: Runtime = {
      ...runtime,
      createLayers: (...parameters) => {
        const layers = runtime.createLayers(...parameters);
        if (layers instanceof GpuLayers) devices.push(layers.memory.device);
        return layers;
      },
    };
    serveEngine(port1 as unknown as Port, loadReader(watched));
    port1.start();
    port2.start();
    const terminate = () => {
      port1.close();
      port2.close();
    };
    return { port: port2 as unknown as Port, ended: new Promise(() => {}), terminate };
  }

  it.skipIf(!probe)('reads again after the device was lost, in mid-prefill and in mid-decode', async () => {
    const losses: string[] = [];
    const engine = await SupervisedEngine.start({
      folder: READER,
      startHost: async () => startHost(await createNodeWebGpuRuntime()),
      watch: { onLost: ({ code }) => losses.push(code) },
    }).result;
    running.push(engine);
    let breaking = true;
    const breakOnce = () => {
      if (breaking) devices.at(-1)?.destroy();
      breaking = false;
    };
    const bank = await engine.prepare(randomUUID(), context, ({ type }) => type === 'progress' && breakOnce()).result;
    expect(losses).toEqual(['device-lost']);
    breaking = true;
    const { answer } = await bank.ask(question, ({ type }) => type === 'text' && breakOnce()).result;
    expect(losses).toHaveLength(2);
    const undisturbed = await SupervisedEngine.start({
      folder: READER,
      startHost: () => startHost(createCpuRuntime({ threads: 1 })),
    }).result;
    running.push(undisturbed);
    const expected = await undisturbed.prepare(randomUUID(), context).result;
    expect(bank.tokens).toBe(expected.tokens);
    expect(answer.answer).toBe((await expected.ask(question).result).answer.answer);
  });
});

describe('with a device whose memory is at its end', () => {
  const start = async (hosts: FakeHosts) => {
    const failures: string[] = [];
    const smaller: boolean[] = [];
    const engine = await SupervisedEngine.start({
      folder: 'model',
      startHost: () => hosts.start('cpu'),
      watch: {
        onDropped: (_, { code }) => failures.push(code),
        onRecovered: ({ smallerPlan }) => smaller.push(smallerPlan),
      },
    }).result;
    running.push(engine);
    return { engine, failures, smaller };
  };
  const text = (plan: PlanId): ContextSpec => ({
    parts: [{ document: 'a', pages: [{ number: 1, text: 'a' }] }],
    plan,
  });

  it('takes the smaller plan, and says under which an answer was given', async () => {
    const hosts = new FakeHosts({ automatic: true });
    const { engine, smaller } = await start(hosts);
    hosts.full = 'dense';
    const prepared = await engine.prepare(randomUUID(), text('dense')).result;
    expect(prepared.plan).toBe('pod');
    expect((await prepared.ask(question).result).plan).toBe('pod');
    await expect.poll(() => smaller).toEqual([true]);
  });

  it('fails what has no smaller plan, and goes on with everything else', async () => {
    const hosts = new FakeHosts({ automatic: true });
    const { engine, failures } = await start(hosts);
    const before = await engine.prepare(randomUUID(), text('pod')).result;
    hosts.full = 'once';
    const failed = await engine.prepare(randomUUID(), text('pod')).result.catch((cause: ProximaError) => cause);
    expect(failed).toMatchObject({ code: 'device-out-of-memory' });
    expect((await before.ask(question).result).answer.answer).toContain('|pod|a|');
    expect(failures).toEqual([]);
    expect(hosts.live).toBe(1);
  });
});
