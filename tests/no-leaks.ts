/** A test file that leaves processes, servers, timers or listeners behind fails, whatever its tests say. */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect } from 'vitest';

/** As `process.getActiveResourcesInfo` calls them; timers that don't keep the process alive are not among them. */
const RESOURCES = ['ProcessWrap', 'TCPServerWrap', 'Timeout'];
/** Not those of ending and of signals: libraries (electron-builder, Playwright) set one up once for all that they will start. */
const EVENTS = ['uncaughtException', 'unhandledRejection', 'uncaughtExceptionMonitor', 'disconnect'] as const;
/** What is ending may take a moment. Milliseconds. */
const PATIENCE = 5000;

function left(): Record<string, number> {
  const active = process.getActiveResourcesInfo();
  return Object.fromEntries([
    ...RESOURCES.map((name) => [name, active.filter((each) => each === name).length]),
    ...EVENTS.map((name) => [`listeners of ${name}`, process.listenerCount(name)]),
  ]);
}

let before: Record<string, number> = {};

beforeAll(() => {
  before = { ...left(), Timeout: 0 }; // The runner's own, about one at the beginning, end within the patience.
});

afterAll(async () => {
  const more = () => Object.entries(left()).filter(([name, count]) => count > (before[name] ?? 0));
  const deadline = performance.now() + PATIENCE;
  while (more().length > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  const leaks = more();
  // A process that outlives its file holds the runner's pipes open, and the run would never end.
  if (leaks.some(([name]) => name === 'ProcessWrap')) spawnSync('pkill', ['-KILL', '-P', String(process.pid)]);
  expect(leaks, 'left behind by this file').toEqual([]);
});
