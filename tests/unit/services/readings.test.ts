/** Who makes room for whom, over an engine that has room for one document. */
import { expect, it } from 'vitest';
import { Readings } from '../../../electron/services/readings.ts';
import { DEFAULT_SETTINGS } from '../../../electron/services/settings.ts';
import type { ContextSpec, Engine, PreparedContext } from '../../../engine/engine.ts';
import { ProximaError } from '../../../engine/errors.ts';
import { failedJob, startJob } from '../../../engine/jobs/job.ts';
import { settled } from '../hosts/fake-hosts.ts';

const memory = { bytes: 1, denseBytes: 1, saving: 0, parts: [] };
const tooSmall = new ProximaError('memory-too-small', {
  tokens: 1,
  neededBytes: 1,
  denseBytes: 1,
  availableBytes: 0,
  range: null,
});

it('leaves a document alone while it is asked about, and takes its room afterwards', async () => {
  let held: string | undefined;
  const prepare: Engine['prepare'] = (id, { plan, parts }) => {
    if (held !== undefined) return failedJob(tooSmall);
    held = parts[0]?.document;
    const release = async () => {
      held = undefined;
    };
    const ask = () => failedJob<never>(new ProximaError('context-missing'));
    const context: PreparedContext = {
      id,
      generation: 1,
      plan,
      tokens: 1,
      seconds: 1,
      memory,
      scratchBytes: 0,
      ask,
      release,
    };
    return startJob(async () => context);
  };
  const readings = new Readings({
    engine: async () => ({ prepare }) as unknown as Engine,
    pagesOf: async () => [],
    settings: () => DEFAULT_SETTINGS,
    usualPlan: () => 'pod',
    whenPlansKnown: () => undefined,
    onChange: () => {},
  });
  const work = Promise.withResolvers<void>();
  const { signal } = new AbortController();
  const using = readings.use('one', 'pod', { signal, onProgress: () => {} }, () => work.promise);
  await settled();
  const other = readings.need('other');
  await settled();
  expect([held, readings.stateOf('one').state, readings.stateOf('other').state]).toEqual(['one', 'read', 'waiting']);
  work.resolve();
  await using;
  await other;
  expect([held, readings.stateOf('one').state, readings.stateOf('other').state]).toEqual(['other', 'none', 'read']);
});

/** An engine with room for so many documents, whose memory comes free a while after it was let go. */
function slowEngine(room: number) {
  const held = new Set<string>();
  const prepare: Engine['prepare'] = (id, { plan, parts }) => {
    const document = parts[0]?.document ?? '';
    if (held.size >= room) return failedJob(tooSmall);
    held.add(document);
    const release = async () => {
      await settled();
      held.delete(document);
    };
    const ask = () => failedJob<never>(new ProximaError('context-missing'));
    return startJob(async () => ({
      id,
      generation: 1,
      plan,
      tokens: 1,
      seconds: 1,
      memory,
      scratchBytes: 0,
      ask,
      release,
    }));
  };
  return { held, engine: { prepare } as unknown as Engine };
}

it('evicts no more documents than it must', async () => {
  const { held, engine } = slowEngine(2);
  const readings = new Readings({
    engine: async () => engine,
    pagesOf: async () => [],
    settings: () => DEFAULT_SETTINGS,
    usualPlan: () => 'pod',
    whenPlansKnown: () => undefined,
    onChange: () => {},
  });
  for (const document of ['one', 'two', 'three']) await readings.need(document);
  expect([...held]).toEqual(['two', 'three']);
});

it('passes the limits of the settings on to the engine', async () => {
  const specs: ContextSpec[] = [];
  const prepare: Engine['prepare'] = (_, spec) => {
    specs.push(spec);
    return failedJob(tooSmall);
  };
  const readings = new Readings({
    engine: async () => ({ prepare }) as unknown as Engine,
    pagesOf: async () => [],
    settings: () => ({ ...DEFAULT_SETTINGS, memoryMebibytes: 64, sinks: 8, recent: 512 }),
    usualPlan: () => 'pod',
    whenPlansKnown: () => undefined,
    onChange: () => {},
  });
  await expect(readings.need('one')).rejects.toMatchObject({ code: 'memory-too-small' });
  expect(specs).toMatchObject([{ plan: 'pod', memoryBytes: 64 * 2 ** 20, sinks: 8, recent: 512 }]);
});
