/** Whatever is done and whatever happens, in any order: everything settles, nothing answers for another, nothing is left over. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { settled } from '../../unit/hosts/fake-hosts.ts';
import { commands } from './commands.ts';
import { World } from './ownership.ts';

const SEQUENCES = Number(process.env.PROXIMA_SEQUENCES ?? 2_500);
const SEED = Number(process.env.PROXIMA_SEED ?? 20_261_125);

it(
  `holds over ${SEQUENCES} sequences`,
  async () => {
    await fc.assert(
      fc.asyncProperty(commands, async (sequence) => {
        const world = await new World().begin();
        try {
          await fc.asyncModelRun(() => ({ model: {}, real: world }), sequence);
          await world.quiesce();
          expect(await world.check()).toEqual([]);
        } finally {
          const left = world.close();
          await settled();
          await settled();
          expect([...left, world.bytesInUse]).toEqual([0]);
        }
      }),
      { numRuns: SEQUENCES, seed: SEED },
    );
  },
  60_000 + SEQUENCES * 200,
);
