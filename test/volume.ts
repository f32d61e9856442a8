/**
 * How many runs tests with random input do, by tier (docs/testing.md). `npm test` and `npm run test:all` take fixed
 * seeds, so that each of their runs is the same. `npm run test:long` also takes a new seed, which it prints. To repeat
 * a failure run the test with SEED set to the seed in its title.
 *
 * vitest.config.js gives the tier. `npm run test:long` runs the test files that import this module, and `*.long.test`.
 */
import fc from 'fast-check';
import { inject } from 'vitest';
import './tier.js';

declare module 'vitest' {
  interface ProvidedContext {
    newSeed: number;
  }
}

/** Runs in the tiers fast, all and long. */
const RUNS = {
  'candle answers': [300, 800, 8_000],
  comparisons: [300, 600, 6_000],
  'lists of differences': [60, 120, 1_200],
  'orders of symbols': [40, 80, 800],
  doubles: [1_000, 2_000, 20_000],
  'decoded texts': [500, 1_000, 12_000],
  'decoded packets on the fast path': [15, 40, 300],
  frames: [300, 800, 8_000],
  'frames of any bytes': [800, 2_000, 20_000],
  'frames on the fast path': [20, 50, 360],
  'frames with changed bytes': [60, 150, 1_000],
  'repeated batches': [8, 16, 100],
  'ring commands': [60, 150, 1_200],
  'longer candles': [10, 60, 200],
  schedules: [40, 120, 1_500],
  'simulated runs': [16, 40, 1_000],
  subscriptions: [20, 40, 240],
} as const satisfies Readonly<Record<string, readonly [fast: number, all: number, long: number]>>;

const TIERS = ['fast', 'all', 'long'] as const;
const tier = TIERS.indexOf(inject('tier'));

/** How many runs the tests of this name do in this tier. */
export const runsOf = (name: keyof typeof RUNS): number => RUNS[name][tier];

/** One of three numbers: that of this tier. */
export const perTier = <T>(fast: T, all: T, long: T): T => [fast, all, long][tier];

/** The seeds to run with: SEED, or the fixed one and, in tier long, a new one. */
export function seedsOf(fixed: number): number[] {
  if (process.env.SEED !== undefined) return [Number(process.env.SEED)];
  return tier === TIERS.indexOf('long') ? [fixed, inject('newSeed')] : [fixed];
}

/**
 * Runs between two turns of the event loop. A test that blocks it for a minute, e.g. on a busy machine, loses its
 * connection to vitest.
 */
const RUNS_A_TURN = 50;
/** A bound for shrinking, which may take minutes. It does not bound the runs: their number must not depend on load. */
const SHRINK_MS = 30_000;

/** A turn of the event loop, for tests that compute for long. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Expects that a property holds, as often as this tier asks. */
export async function holds<T>(
  name: keyof typeof RUNS,
  seed: number,
  property: fc.IProperty<T>,
): Promise<void> {
  const runs = runsOf(name);
  for (let done = 0; done < runs; done += RUNS_A_TURN) {
    // The first turn has the seed itself, so that SEED repeats any turn.
    const parameters = { seed: seed + done, numRuns: Math.min(RUNS_A_TURN, runs - done) };
    const found = fc.check(property, { ...parameters, endOnFailure: true });
    if (found.failed) {
      fc.assert(property, {
        ...parameters,
        path: found.counterexamplePath ?? '',
        interruptAfterTimeLimit: SHRINK_MS,
      });
      throw new Error(`fails once and not again: ${fc.defaultReportMessage(found)}`);
    }
    await turn();
  }
}
