import { expect, it } from 'vitest';
import { MemoryBudget } from '../../../engine/local/memory-budget.ts';

it('keeps what was promised and not yet taken', () => {
  let free = 1000;
  const budget = new MemoryBudget(() => free);
  let [promised, taken] = [600, 0];
  const forget = budget.add({ promised: () => promised, taken: () => taken });
  expect(budget.available(undefined)).toBe(400);
  // What it takes, the system no longer has.
  taken = 500;
  free = 500;
  expect(budget.available(undefined)).toBe(400);
  promised = 0;
  expect(budget.available(undefined)).toBe(500);
  forget();
  free = 1000;
  expect(budget.available(undefined)).toBe(1000);
});

it('shares a limit that was set among all readings', () => {
  const budget = new MemoryBudget(() => 10_000);
  const forget = budget.add({ promised: () => 600, taken: () => 100 });
  budget.add({ promised: () => 0, taken: () => 300 });
  expect(budget.available(1000)).toBe(100);
  expect(budget.available(500)).toBe(0);
  forget();
  expect(budget.available(1000)).toBe(700);
});
