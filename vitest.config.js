import { defineConfig } from 'vitest/config';

// Tests run from the compiled tree, so that a worker's URL is the same in test and production (`npm test` builds first).
export default defineConfig({
  test: {
    include: ['dist/test/**/*.test.js'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
