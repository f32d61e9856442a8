/** The engine with `fastPaths: false`: random schedules give the same rows, bars, rings and counters in all modes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyTicks } from '../../../src/shard/fast/tick-accumulator.js';
import { RowWriter } from '../../../src/shard/row-writer.js';
import { seededRandom } from '../../../src/random.js';
import type { NaiveMode } from '../../naive.js';
import { at, engineOf, INSTRUMENTS, outcome, playInline, tell } from '../../shard/drive.js';
import { seededHappenings, unfold, type Step } from '../../shard/schedule.js';
import { holds, seedsOf } from '../../volume.js';
import { expectSame, inReads } from './both-ways.js';

const SEED = 20261130;

interface Schedule {
  readonly mode: NaiveMode;
  readonly shards: number;
  readonly reads: number;
  readonly steps: readonly Step[];
  readonly seed: number;
}

const schedule: fc.Arbitrary<Schedule> = fc
  .record({
    mode: fc.constantFrom<NaiveMode>(1, 2, 3),
    shards: fc.constantFrom(1, 2, 4),
    seed: fc.nat(),
    meanMs: fc.constantFrom(5, 60, 300, 3000),
    oddEvery: fc.constantFrom(8, 40, 10_000),
    count: fc.integer({ min: 50, max: 900 }),
    reads: fc.constantFrom(1, 10, 200),
    startMs: fc.constantFrom('09:13:50', '11:00', '15:13:30', '15:14:50', '15:27:30').map(at),
    carries: fc.boolean(),
    milliseconds: fc.boolean(),
  })
  .map(({ count, meanMs, oddEvery, startMs, carries, milliseconds, ...one }) => ({
    ...one,
    steps: unfold(seededHappenings(seededRandom(one.seed), count, meanMs, oddEvery), {
      mode: one.mode,
      startMs,
      speed: 1,
      instruments: INSTRUMENTS,
      carries,
      milliseconds,
    }),
  }));

describe('the switch', () => {
  it.each(seedsOf(SEED))(
    'changes nothing that can be seen, in any mode, for any number of shards (seed %i)',
    async (seed) => {
      const taken = { 1: 0, 2: 0, 3: 0 };
      await holds(
        'frames on the fast path',
        seed,
        fc.property(schedule, ({ mode, shards, reads, steps, seed: own }) => {
          taken[mode] += expectSame(mode, inReads(steps, reads, own), shards);
        }),
      );
      const ordinary = { mode: 1, startMs: at('11:00'), speed: 1, instruments: INSTRUMENTS } as const;
      for (const milliseconds of [false, true]) {
        const happenings = seededHappenings(seededRandom(seed), 900, 5, 10_000);
        const reads = inReads(unfold(happenings, { ...ordinary, milliseconds }), 200, seed);
        expect(expectSame(1, reads)).toBeGreaterThan(200);
      }
      expect(taken[2] + taken[3]).toBe(0);
    },
  );

  it.each(seedsOf(SEED))(
    'changes nothing where packets come decoded and shards take any portions (seed %i)',
    (seed) =>
      holds(
        'decoded packets on the fast path',
        seed,
        fc.property(
          schedule,
          fc.array(fc.constantFrom(0, 1, 3, 64, 512), { minLength: 1 }),
          (one, chunks) => {
            const [fast, ordinary] = [true, false].map((fastPaths) => {
              const engine = engineOf(one.mode, one.shards, INSTRUMENTS, { fastPaths });
              playInline(engine, one.steps, (k) => chunks[k % chunks.length]);
              return { outcome: outcome(engine), counters: [...engine.counters] };
            });
            expect(fast).toEqual(ordinary);
          },
        ),
      ),
  );

  it('reaches the shard with its memory, where no record is then taken', () => {
    const engine = engineOf(1, 1, INSTRUMENTS, { fastPaths: false });
    const happenings = seededHappenings(seededRandom(SEED), 400, 5, 10_000);
    const market = { mode: 1, startMs: at('11:00'), speed: 1, instruments: INSTRUMENTS } as const;
    for (const step of unfold(happenings, market)) tell(engine, step);
    engine.router.publish();
    const [memory] = engine.memories;
    expect(memory.shape.fastPaths).toBe(false);
    const writer = new RowWriter(memory);
    for (let cursor = 0; cursor < 400; cursor++) expect(applyTicks(memory, writer, cursor, 1)).toBe(0);
  });
});
