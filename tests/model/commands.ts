/** What a reader can do and what can happen, as commands for fast-check. */
import fc from 'fast-check';
import type { Settings } from '../../electron/contract.ts';
import { settled } from '../unit/hosts/fake-hosts.ts';
import type { World } from './ownership.ts';

interface Empty {
  readonly nothing?: never;
}

class Act implements fc.AsyncCommand<Empty, World> {
  readonly #name: string;
  readonly #work: (world: World) => unknown;

  constructor(name: string, work: (world: World) => unknown) {
    this.#name = name;
    this.#work = work;
  }

  check(): boolean {
    return true;
  }

  /** What it begins may take until later commands let it end. */
  async run(_: Empty, world: World): Promise<void> {
    await Promise.race([this.#work(world), settled()]);
    await settled();
  }

  toString(): string {
    return this.#name;
  }
}

const place = fc.nat(7);
const text = fc.string({ unit: fc.constantFrom(...'abcdef'), minLength: 1, maxLength: 6 });
const plan = fc.constantFrom('dense', 'pod');
const settings: fc.Arbitrary<Partial<Settings>> = fc.oneof(
  fc.constantFrom({ model: null }, { model: 'other' }),
  fc.constantFrom<Partial<Settings>>({ runtime: 'cpu' }, { runtime: 'auto' }, { runtime: 'webgpu' }),
  fc.constantFrom({ threads: 1 }, { threads: 2 }, { threads: null }),
  plan.map((each) => ({ plan: each })),
  fc.constant({ sinks: 4 }),
);

export const commands = fc.commands(
  [
    text.map((each) => new Act(`add ${each}`, (world) => world.add(each))),
    text.map((each) => new Act(`add ${each}`, (world) => world.add(each))),
    fc
      .tuple(place, fc.boolean())
      .map(([each, compare]) => new Act(`ask ${each} ${compare}`, (world) => world.ask(each, compare))),
    fc
      .tuple(place, fc.boolean())
      .map(([each, compare]) => new Act(`ask ${each} ${compare}`, (world) => world.ask(each, compare))),
    place.map((each) => new Act(`edit ${each}`, (world) => world.edit(each))),
    place.map((each) => new Act(`retry ${each}`, (world) => world.onTurn('retry', each))),
    place.map((each) => new Act(`stop ${each}`, (world) => world.onTurn('stop', each))),
    fc
      .tuple(place, fc.option(plan))
      .map(
        ([each, under]) =>
          new Act(`read ${each} ${under}`, (world) =>
            world.onDocument('read', each, under === null ? {} : { plan: under }),
          ),
      ),
    place.map((each) => new Act(`measure ${each}`, (world) => world.onDocument('measure', each))),
    place.map((each) => new Act(`pause ${each}`, (world) => world.onDocument('pauseReading', each, { paused: true }))),
    place.map(
      (each) => new Act(`resume ${each}`, (world) => world.onDocument('pauseReading', each, { paused: false })),
    ),
    place.map((each) => new Act(`cancel ${each}`, (world) => world.onDocument('cancelReading', each))),
    place.map((each) => new Act(`remove ${each}`, (world) => world.onDocument('removeDocument', each))),
    place.map((each) => new Act(`delete conversation ${each}`, (world) => world.deleteConversation(each))),
    settings.map((each) => new Act(`change ${JSON.stringify(each)}`, (world) => world.change(each))),
    fc.integer({ min: 1, max: 8 }).map(
      (count) =>
        new Act(`${count} steps`, async (world) => {
          for (let step = 0; step < count; step++) {
            world.hosts.step();
            await settled();
          }
        }),
    ),
    fc.constant(new Act('host dies', (world) => world.hosts.die())),
    fc.constant(new Act('host hangs', (world) => world.hosts.hang())),
    fc.constant(new Act('hosts start slowly', (world) => (world.hosts.slow = !world.hosts.slow))),
    fc.constant(new Act('starts end', (world) => world.hosts.finishStarts())),
    fc.constant(new Act('device lost', (world) => (world.hosts.deviceLost = true))),
    fc
      .constantFrom('dense' as const, 'once' as const)
      .map((full) => new Act(`out of memory: ${full}`, (world) => (world.hosts.full = full))),
    fc.boolean().map((full) => new Act(`disk full: ${full}`, (world) => world.fillDisk(full))),
    fc.constant(new Act('70 seconds', (world) => world.hosts.clock.pass(70_000))),
    fc.constant(new Act('sleep', (world) => world.hosts.clock.sleep(3_600_000))),
  ],
  { maxCommands: 30, size: 'max' },
);
