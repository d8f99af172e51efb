import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    globalSetup: 'tests/build-screen.ts',
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // The engine keeps two cores busy by itself.
    maxWorkers: 2,
    reporters: ['default', ['json', { outputFile: 'build/test-results.json' }]],
  },
});
