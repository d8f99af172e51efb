/** A window that keeps ending is not loaded again for ever. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { countReloads } from '../../../electron/shell/reloads.ts';

it('allows so many in any window of time, and more when it has passed', () => {
  const may = countReloads({ most: 3, window: 1000 });
  expect([0, 10, 20, 30, 900].map(may)).toEqual([true, true, true, false, false]);
  expect([1001, 1002, 1011, 1012].map(may)).toEqual([true, false, true, false]);
});

it('never allows more, whenever it is asked', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(300), { maxLength: 60 }), (steps) => {
      const may = countReloads({ most: 3, window: 1000 });
      let now = 0;
      const allowed: number[] = [];
      for (const step of steps) {
        now += step;
        if (may(now)) allowed.push(now);
      }
      for (const at of allowed)
        expect(allowed.filter((other) => other >= at && other - at < 1000).length).toBeLessThanOrEqual(3);
    }),
  );
});
