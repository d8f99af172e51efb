import { defineConfig } from 'vitest/config';
import { LongestFirst } from './tests/longest-first.ts';

const GPU = [
  'tests/unit/backends/webgpu/**/*.test.ts',
  'tests/integration/webgpu-*.test.ts',
  'tests/browser/engine.test.ts',
];
const UNIT = ['tests/unit/**/*.test.ts'];
const BROWSER = ['tests/browser/**/*.test.ts', 'tests/electron/**/*.test.ts'];
const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** A project by what its tests need, and so by how long they may take. */
function project(name: string, include: string[], exclude: string[], timeout: number, more: object = {}) {
  const setupFiles = ['tests/no-leaks.ts'];
  return { test: { name, include, exclude, setupFiles, testTimeout: timeout, hookTimeout: timeout, ...more } };
}

export default defineConfig({
  test: {
    // The engine keeps two cores busy by itself.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    reporters: ['default', ['json', { outputFile: 'build/test-results.json' }]],
    projects: [
      // No model: a promise that never settles fails within seconds.
      // Files share a process: they start none of their own that they leave behind, and starting one took as long as their tests.
      project('unit', UNIT, GPU, 10 * SECOND, { isolate: false }),
      // Whatever is in none of the others, so that no test is left out.
      project('integration', ['tests/**/*.test.ts'], [...UNIT, ...BROWSER, ...GPU], 5 * MINUTE),
      project('browser', BROWSER, GPU, 3 * MINUTE, { globalSetup: 'tests/build-screen.ts' }),
      // Software adapters take their time.
      project('gpu', GPU, [], 10 * MINUTE, { globalSetup: 'tests/build-screen.ts' }),
    ],
  },
});
