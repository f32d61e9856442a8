import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer } from 'vitest/node';

/**
 * Tests run from the compiled tree (the scripts build it first), so that the URLs of workers are those of production.
 *
 * `--mode` chooses the tier (docs/testing.md): `fast`, `all` or `long`. Without it every file that is named runs, and
 * tests with random input do as many runs as in `fast`.
 */
const ANY = ['dist/test/**/*.test.js'];
const SLOW = 'dist/test/**/*.slow.test.js';
const LONG = 'dist/test/**/*.long.test.js';

/** Test files whose number of runs depends on the tier. */
const withVolume = () =>
  readdirSync('dist/test', { recursive: true })
    .filter((name) => name.endsWith('.test.js'))
    .map((name) => `dist/test/${name}`)
    .filter((path) => readFileSync(path, 'utf8').includes("volume.js'"));

const TIERS = {
  fast: () => ({ include: ANY, exclude: [SLOW, LONG], testTimeout: 300_000 }),
  all: () => ({ include: ANY, exclude: [LONG], testTimeout: 900_000 }),
  long: () => ({ include: [LONG, ...withVolume()], testTimeout: 3_600_000 }),
};

/** Files that take ten seconds or more, the slowest first. They start first, so that none runs alone at the end. */
const SLOWEST = [
  'program/stepped-more.slow',
  'program/disk.slow',
  'threads/crash.slow',
  'program/days.slow',
  'faults/faults.slow',
  'program/naive.slow',
  'program/replay.slow',
  'program/thousand.slow',
  'page/live.slow',
  'crash/crash.slow',
  'bench/bench.slow',
  'parquet/kill.slow',
  'build/build.slow',
  'program/whole',
  'program/stepped',
];

class SlowestFirst extends BaseSequencer {
  async sort(files) {
    const rank = ({ moduleId }) => {
      const found = SLOWEST.findIndex((name) => moduleId.endsWith(`/test/${name}.test.js`));
      return found < 0 ? SLOWEST.length : found;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig(({ mode }) => {
  const { testTimeout, ...files } = TIERS[mode]?.() ?? { include: ANY, testTimeout: 900_000 };
  const newSeed = Math.floor(Math.random() * 2 ** 31);
  if (mode === 'long') process.stdout.write(`new seed ${newSeed}\n`);
  return {
    test: {
      ...files,
      // Bounds for tests that hang. Tests stay far below them, even on a busy machine.
      testTimeout,
      hookTimeout: testTimeout,
      provide: { tier: TIERS[mode] ? mode : 'fast', fastOnly: mode === 'fast', newSeed },
      pool: 'forks',
      maxWorkers: Math.max(2, Math.floor(availableParallelism() / 2)),
      sequence: { sequencer: SlowestFirst },
      // Node imports the compiled tree. Transforming it takes vitest 15 % of the time of small files.
      server: { deps: { external: [/\/dist\//] } },
      // What is not transformed is not watched either.
      forceRerunTriggers: ['**/dist/{src,workers,test,bench}/**'],
    },
  };
});
