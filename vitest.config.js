import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { sep } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer } from 'vitest/node';

/**
 * Tests run from the compiled tree (the scripts build it first), so that the URLs of workers are those of production.
 *
 * `--mode` chooses the tier (docs/testing.md): `fast`, `all` or `long`. Without it every file that is named runs, and
 * tests with random input do as many runs as in `fast`.
 */
const FILES = readdirSync('dist/test', { recursive: true })
  .filter((name) => name.endsWith('.test.js'))
  .map((name) => `dist/test/${name.split(sep).join('/')}`);
const isSlow = (path) => path.endsWith('.slow.test.js');
const isLong = (path) => path.endsWith('.long.test.js');
/** Whether a test file's number of runs depends on the tier, or it has cases of test:long. */
const hasVolume = (path) => /volume\.js'|\b(?:long|longAfter)\(/.test(readFileSync(path, 'utf8'));

const TIERS = {
  fast: { holds: (path) => !isSlow(path) && !isLong(path), testTimeout: 300_000 },
  all: { holds: (path) => !isLong(path), testTimeout: 900_000 },
  long: { holds: (path) => isLong(path) || hasVolume(path), testTimeout: 3_600_000 },
};
const ANY = { holds: () => true, testTimeout: 900_000 };

/**
 * Rooms whose test files share processes, because a process of its own costs each file half a second of CPU time: they
 * start no program that outlives them, wrap nothing of Node, and change no environment.
 */
const SHARING =
  /^dist\/test\/(?:[^/]+$|(?:broker|candles|cli|commands\/compare|dashboard|gates|ingest|journal|market|memory|momentum|monitor|parquet|reconcile|shard|stepped|terminal|text)\/)/;
/** A test file of these rooms that changes the environment. */
const ALONE = 'dist/test/broker/angel/scrip-download.test.js';
const isShared = (path) => SHARING.test(path) && path !== ALONE;

/** Files that take ten seconds or more, the slowest first. They start first, so that none runs alone at the end. */
const SLOWEST = [
  'faults/faults.slow',
  'secrecy/secrecy.slow',
  'publish/program.slow',
  'program/small-disk.slow',
  'program/stepped-more.slow',
  'page/live.slow',
  'program/habits.slow',
  'build/build.slow',
  'program/disk.slow',
  'program/days.slow',
  'bench/bench.slow',
  'program/whole',
  'program/replay.slow',
  'crash/crash.slow',
  'program/naive.slow',
  'program/ticks.slow',
  'threads/crash.slow',
  'program/stream.slow',
  'program/thousand.slow',
  'sim/habits.slow',
  'program/stepped',
  'parquet/kill.slow',
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
  const { holds, testTimeout } = TIERS[mode] ?? ANY;
  const files = FILES.filter(holds);
  const newSeed = Math.floor(Math.random() * 2 ** 31);
  if (mode === 'long') process.stdout.write(`new seed ${newSeed}\n`);
  /** Not by `extends`: then a project would get another mode than the command line's. */
  const project = (name, include, isolate) => ({
    test: {
      name,
      include,
      isolate,
      // Bounds for tests that hang. Tests stay far below them, even on a busy machine.
      testTimeout,
      hookTimeout: testTimeout,
      provide: { tier: TIERS[mode] ? mode : 'fast', fastOnly: mode === 'fast', newSeed },
      pool: 'forks',
      // Node imports the compiled tree. Transforming it takes vitest 15 % of the time of small files.
      server: { deps: { external: [/\/dist\//] } },
      // What is not transformed is not watched either.
      forceRerunTriggers: ['**/dist/{src,workers,test,bench}/**'],
    },
  });
  return {
    test: {
      projects: [
        project(
          'alone',
          files.filter((path) => !isShared(path)),
          true,
        ),
        project('shared', files.filter(isShared), false),
      ],
      maxWorkers: Math.max(3, Math.floor(availableParallelism() / 2)),
      sequence: { sequencer: SlowestFirst },
      forceRerunTriggers: ['**/dist/{src,workers,test,bench}/**'],
    },
  };
});
