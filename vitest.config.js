import { defineConfig } from 'vitest/config';
import { BaseSequencer } from 'vitest/node';

/**
 * Test files that take a minute or more, the slowest first. They start first, so that none of them runs alone at the
 * end.
 */
const SLOWEST = ['crash/crash', 'faults/faults', 'program/replay', 'program/thousand', 'program/naive'];

class SlowestFirst extends BaseSequencer {
  async sort(files) {
    const rank = ({ moduleId }) => {
      const found = SLOWEST.findIndex((name) => moduleId.endsWith(`/test/${name}.test.js`));
      return found < 0 ? SLOWEST.length : found;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

// Tests run from the compiled tree (`npm test` builds it first), so that the URLs of workers are those of production.
export default defineConfig({
  test: {
    include: ['dist/test/**/*.test.js'],
    // A bound for tests that hang. Slow ones stay far below it, even on a busy machine.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: SlowestFirst },
  },
});
