import { defineConfig } from 'vitest/config';
import { BaseSequencer } from 'vitest/node';

/** Files that take a minute and more, the longest first: one that began last would keep everybody waiting for it alone. */
const LONGEST = ['crash/crash', 'faults/faults', 'program/replay', 'program/thousand', 'program/naive'];

class LongestFirst extends BaseSequencer {
  async sort(files) {
    const place = ({ moduleId }) => {
      const found = LONGEST.findIndex((name) => moduleId.endsWith(`/test/${name}.test.js`));
      return found < 0 ? LONGEST.length : found;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

// Tests run from the compiled tree, so that a worker's URL is the same in test and production (`npm test` builds first).
export default defineConfig({
  test: {
    include: ['dist/test/**/*.test.js'],
    // For what hangs, not for what is slow: a machine shared with others may take several times as long as it did an hour ago.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
  },
});
