/**
 * Any schedule, any number of shards, any chunking: the candles of the naive fold, and nothing unaccounted for. To
 * repeat a failure set `SEED` to the number printed.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { NaiveMode } from '../naive.js';
import { holds, seedsOf } from '../volume.js';
import { at, engineOf, expectNaive, INSTRUMENTS, naiveOf, outcome, playInline } from './drive.js';
import { unfold, WHATS, type Happening } from './schedule.js';

const happening: fc.Arbitrary<Happening> = fc.record({
  what: fc.constantFrom(...WHATS, 'trade', 'trade', 'trade', 'trade', 'trade', 'delayed', 'tick', 'closing'),
  afterMs: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 8, arbitrary: fc.nat(1500) },
    { weight: 1, arbitrary: fc.nat(70_000) },
  ),
  which: fc.nat(5),
  move: fc.integer({ min: -10, max: 10 }),
  quantity: fc.integer({ min: 1, max: 500 }),
  degree: fc.double({ min: 0, max: 0.999, noNaN: true }),
});
const schedule = fc.record({
  mode: fc.constantFrom<NaiveMode>(1, 2, 3),
  // Before the opening, in the midst, around the end of continuous trading, around the auction.
  startMs: fc.constantFrom('09:13:50', '11:00', '15:13:30', '15:14:50', '15:27:30', '15:29:50').map(at),
  speed: fc.constantFrom(1, 60),
  // The quick lanes take small sequences, and leave those that are carried into the high word.
  carries: fc.boolean(),
  milliseconds: fc.boolean(),
  chunks: fc.array(fc.constantFrom(0, 0, 1, 3, 64, 512), { minLength: 1, maxLength: 40 }),
  happenings: fc.array(happening, { minLength: 1, maxLength: 250, size: 'max' }),
});

it.each(seedsOf(20261123))(
  "any schedule gives the naive fold's candles with 1, 2 and 4 shards (seed %i)",
  (seed) =>
    holds(
      'schedules',
      seed,
      fc.property(schedule, ({ mode, startMs, speed, carries, milliseconds, chunks, happenings }) => {
        const steps = unfold(happenings, {
          mode,
          startMs,
          speed,
          carries,
          milliseconds,
          instruments: INSTRUMENTS,
        });
        const naive = naiveOf(mode, steps);
        const outcomes = [1, 2, 4].map((shards) => {
          const engine = engineOf(mode, shards);
          playInline(engine, steps, (k) => chunks[(k * shards) % chunks.length]);
          expectNaive(engine, naive);
          return outcome(engine);
        });
        expect(outcomes[1]).toEqual(outcomes[0]);
        expect(outcomes[2]).toEqual(outcomes[0]);
      }),
    ),
);
