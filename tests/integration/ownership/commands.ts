/** What a reader can do and what can happen, as commands for fast-check. */
import fc from 'fast-check';
import type { Settings } from '../../../electron/contract.ts';
import { settled } from '../../unit/hosts/fake-hosts.ts';
import type { World } from './ownership.ts';

interface Empty {
  readonly nothing?: never;
}

class Act implements fc.AsyncCommand<Empty, World> {
  readonly #name: string;
  readonly #work: (world: World) => unknown;
  readonly #isWhole: boolean;

  /** isWhole: the next command waits for its end. */
  constructor(name: string, work: (world: World) => unknown, isWhole = false) {
    this.#name = name;
    this.#work = work;
    this.#isWhole = isWhole;
  }

  check(): boolean {
    return true;
  }

  /** What it begins may take until later commands let it end. */
  async run(_: Empty, world: World): Promise<void> {
    const work = this.#work(world);
    await (this.#isWhole ? work : Promise.race([work, settled()]));
    await settled();
  }

  toString(): string {
    return this.#name;
  }
}

const place = fc.nat(7);
const text = fc.string({ unit: fc.constantFrom(...'abcdef'), minLength: 1, maxLength: 4 });
const plan = fc.constantFrom('dense', 'pod');
const settings: fc.Arbitrary<Partial<Settings>> = fc.oneof(
  fc.constantFrom({ model: null }, { model: 'other' }),
  fc.constantFrom<Partial<Settings>>({ runtime: 'cpu' }, { runtime: 'auto' }, { runtime: 'webgpu' }),
  fc.constantFrom({ threads: 1 }, { threads: 2 }, { threads: null }),
  plan.map((each) => ({ plan: each })),
  fc.constant({ sinks: 4 }),
);

/** So many chances of being drawn. */
function often(chances: number, act: fc.Arbitrary<Act>): fc.Arbitrary<Act>[] {
  return Array.from({ length: chances }, () => act);
}

const ask = fc
  .tuple(place, fc.boolean())
  .map(([each, compare]) => new Act(`ask ${each} ${compare}`, (world) => world.ask(each, compare)));
const read = fc
  .tuple(place, fc.option(plan))
  .map(
    ([each, under]) =>
      new Act(`read ${each} ${under}`, (world) =>
        world.onDocument('read', each, under === null ? {} : { plan: under }),
      ),
  );
const steps = fc.integer({ min: 1, max: 12 }).map(
  (count) =>
    new Act(
      `${count} steps`,
      async (world) => {
        for (let step = 0; step < count; step++) {
          world.hosts.step();
          await settled();
        }
      },
      true,
    ),
);
const onDocument = (name: string, call: string, more: object = {}) =>
  place.map((each) => new Act(`${name} ${each}`, (world) => world.onDocument(call, each, more)));
const happens = (name: string, work: (world: World) => unknown) => fc.constant(new Act(name, work, true));

export const commands = fc.commands(
  [
    ...often(
      2,
      text.map((each) => new Act(`add ${each}`, (world) => world.add(each))),
    ),
    ...often(6, ask),
    ...often(
      2,
      place.map((each) => new Act(`edit ${each}`, (world) => world.edit(each))),
    ),
    ...often(
      2,
      place.map((each) => new Act(`retry ${each}`, (world) => world.onTurn('retry', each))),
    ),
    ...often(
      2,
      place.map((each) => new Act(`stop ${each}`, (world) => world.onTurn('stop', each))),
    ),
    ...often(2, read),
    onDocument('measure', 'measure'),
    onDocument('pause', 'pauseReading', { paused: true }),
    onDocument('resume', 'pauseReading', { paused: false }),
    onDocument('cancel', 'cancelReading'),
    onDocument('remove', 'removeDocument'),
    place.map((each) => new Act(`delete conversation ${each}`, (world) => world.deleteConversation(each))),
    settings.map((each) => new Act(`change ${JSON.stringify(each)}`, (world) => world.change(each))),
    ...often(14, steps),
    happens('host dies', (world) => world.hosts.die()),
    happens('host hangs', (world) => world.hosts.hang()),
    happens('hosts start slowly', (world) => {
      world.hosts.slow = !world.hosts.slow;
    }),
    ...often(
      2,
      happens('starts end', (world) => world.hosts.finishStarts()),
    ),
    happens('device lost', (world) => {
      world.hosts.deviceLost = true;
    }),
    fc.constantFrom('dense' as const, 'once' as const).map(
      (full) =>
        new Act(`out of memory: ${full}`, (world) => {
          world.hosts.full = full;
        }),
    ),
    fc.boolean().map((full) => new Act(`disk full: ${full}`, (world) => world.fillDisk(full))),
    happens('70 seconds', (world) => world.hosts.clock.pass(70_000)),
    happens('sleep', (world) => world.hosts.clock.sleep(3_600_000)),
  ],
  { maxCommands: 40, size: 'max' },
);
