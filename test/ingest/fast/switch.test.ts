/** The engine with `fastPaths: false`: random schedules give the same rows, bars, rings and counters in all modes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyTicks } from '../../../src/shard/fast/apply-ticks.js';
import { applyVolumes } from '../../../src/shard/fast/apply-volumes.js';
import { MAIN, SHARD } from '../../../src/memory/layout.js';
import { RowWriter } from '../../../src/shard/row-writer.js';
import { Shard } from '../../../src/shard/shard.js';
import { seededRandom } from '../../../src/random.js';
import type { NaiveMode } from '../../naive.js';
import { at, engineOf, INSTRUMENTS, outcome, playInline, tell } from '../../shard/drive.js';
import { seededHappenings, unfold, type Step } from '../../shard/schedule.js';
import { holds, seedsOf } from '../../volume.js';
import { inSockets } from '../../shard/sockets.js';
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
    running: fc.boolean(),
    sockets: fc.constantFrom(1, 3),
    stray: fc.boolean(),
  })
  .map(({ count, meanMs, oddEvery, startMs, carries, milliseconds, running, sockets, stray, ...one }) => ({
    ...one,
    steps: inSockets(
      unfold(seededHappenings(seededRandom(one.seed), count, meanMs, oddEvery), {
        mode: one.mode,
        startMs,
        speed: 1,
        instruments: INSTRUMENTS,
        carries,
        milliseconds,
        running,
      }),
      sockets,
      stray,
    ),
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
      const ordinary = { startMs: at('11:00'), speed: 1, instruments: INSTRUMENTS } as const;
      for (const mode of [1, 2, 3] as const) {
        for (const milliseconds of [false, true]) {
          const happenings = seededHappenings(seededRandom(seed), 900, 5, 10_000);
          const reads = inReads(
            unfold(happenings, { ...ordinary, mode, milliseconds, running: milliseconds }),
            200,
            seed,
          );
          const alone = expectSame(mode, reads);
          expect(alone, `mode ${mode}`).toBeGreaterThan(200);
          const turns = expectSame(mode, inReads(inSockets(reads.flat(), 3, false), 200, seed));
          expect(turns, `mode ${mode}, three connections in turns`).toBeGreaterThan(0.8 * alone);
        }
      }
      for (const mode of [1, 2, 3] as const) expect(taken[mode]).toBeGreaterThan(50);
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

  it.each([1, 2, 3] as const)(
    'reaches the shard with its memory, which takes no record then (mode %i)',
    (mode) => {
      const happenings = seededHappenings(seededRandom(SEED), 400, 5, 10_000);
      const market = {
        mode,
        startMs: at('11:00'),
        speed: 1,
        instruments: INSTRUMENTS,
        running: true,
      } as const;
      const steps = unfold(happenings, market);
      for (const fastPaths of [true, false]) {
        const engine = engineOf(mode, 1, INSTRUMENTS, { fastPaths });
        const [memory] = engine.memories;
        expect(memory.shape.fastPaths).toBe(fastPaths);
        for (const step of steps.slice(0, 200)) tell(engine, step);
        engine.router.publish();
        const shard = new Shard(memory);
        while (shard.step(() => 0, 64) > 0);
        for (const step of steps.slice(200)) tell(engine, step);
        engine.router.publish();
        const writer = new RowWriter(memory);
        for (let row = 0; row < memory.shape.rows; row++)
          writer.startAccumulating(row, memory.slotOf(row, memory.i32[memory.versions + row] & 1));
        const apply = mode === 1 ? applyTicks : applyVolumes;
        let taken = 0;
        for (let cursor = memory.i32[SHARD.head]; cursor !== memory.i32[MAIN.tail]; cursor++)
          taken += apply(memory, writer, cursor, 1);
        if (fastPaths) expect(taken).toBeGreaterThan(0);
        else expect(taken).toBe(0);
      }
    },
  );
});
