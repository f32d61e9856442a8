/**
 * Real threads under a burst: every ring runs full, the producer waits as it should, and nothing is lost or
 * overwritten.
 */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/random.js';
import { COUNTER } from '../../src/memory/counters.js';
import { MAIN, SHARD } from '../../src/memory/layout.js';
import { readBar, readRow } from '../../src/memory/shard-reader.js';
import { ShardPool } from '../../src/threads/shard-pool.js';
import {
  at,
  engineOf,
  expectNaive,
  INSTRUMENTS,
  naiveOf,
  outcome,
  playInline,
  tell,
} from '../shard/drive.js';
import { seededHappenings, unfold, type Step } from '../shard/schedule.js';
import { firstOf, slow } from '../tier.js';
import { feed, until } from './feed.js';

const SEED = 11;
const PACKETS = 300_000;

function burst(mode: 1 | 2 | 3, count: number): Step[] {
  return unfold(seededHappenings(seededRandom(SEED, mode), count, 40, 200), {
    mode,
    startMs: at('11:00'),
    speed: 1,
    instruments: INSTRUMENTS,
  });
}

describe(`a burst through rings of 4096 slots (seed ${SEED})`, () => {
  const steps = burst(1, PACKETS);
  const naive = naiveOf(1, steps);
  const inline = engineOf(1, 1);
  playInline(inline, steps);

  it.each(firstOf(1, [1, 2, 4]))('loses nothing with %i shards', async (shards) => {
    const engine = engineOf(1, shards);
    const pool = new ShardPool({ memories: engine.memories, counters: engine.counters });
    try {
      // Before any thread drains, so that the rings are certain to run full.
      const feeding = feed(engine, steps);
      await pool.start();
      const pauses = await feeding;
      engine.router.end();
      engine.router.publish();
      await pool.done;
      expect(pauses).toBeGreaterThan(0);
    } finally {
      await pool.stop();
    }
    expect(engine.router.ended).toBe(true);
    expect(engine.counters[COUNTER.workerDeaths]).toBe(0);
    expectNaive(engine, naive);
    expect(outcome(engine)).toEqual(outcome(inline));
  });
});

describe('a reader while the thread writes', () => {
  slow('sees each row and bar as of one moment', async () => {
    const list = INSTRUMENTS.slice(0, 1);
    // Half of the ticks are up to four minutes late, so that bars come and go between slot and table all the time.
    const happenings = seededHappenings(seededRandom(SEED, 9), 60_000, 20, 1e9).map((one, k) => ({
      ...one,
      what: k % 2 === 0 ? ('late' as const) : ('trade' as const),
    }));
    const steps = unfold(happenings, {
      mode: 1,
      startMs: at('11:00'),
      speed: 1,
      instruments: list,
    });
    const engine = engineOf(1, 1, list);
    const pool = new ShardPool({ memories: engine.memories, counters: engine.counters });
    const [memory] = engine.memories;
    let reads = 0;
    const torn: unknown[] = [];
    const look = (): void => {
      const before = readRow(memory, 0);
      let ticks = 0;
      for (let bar = 100; bar < 130; bar++) {
        const one = readBar(memory, 0, bar);
        if (one === undefined) continue;
        ticks += one.ticks;
        reads++;
        const whole =
          one.volume === one.ticks &&
          one.low <= one.open &&
          one.low <= one.close &&
          one.high >= one.open &&
          one.high >= one.close;
        if (!whole || one.late !== one.revision || one.priceChanges >= one.ticks) torn.push({ bar, ...one });
      }
      const after = readRow(memory, 0);
      // Bars are read one by one: they hold at least the ticks of the row before, and at most those of the row after.
      if (ticks < before.ticks || ticks > after.ticks)
        torn.push({ ticks, before: before.ticks, after: after.ticks });
    };
    try {
      await pool.start();
      for (const [k, step] of steps.entries()) {
        tell(engine, step);
        if (k % 16 !== 0) continue;
        engine.router.publish();
        look();
        if (engine.router.aboveHighWater) await until(() => engine.router.belowLowWater);
      }
      engine.router.end();
      engine.router.publish();
      await pool.done;
    } finally {
      await pool.stop();
    }
    expect(torn).toEqual([]);
    expect(reads).toBeGreaterThan(20_000);
    expectNaive(engine, naiveOf(1, steps, list));
  });
});

describe('stopping', () => {
  it('ends at once with full rings, and does not claim the end', async () => {
    const engine = engineOf(1, 2);
    for (const step of burst(1, 20_000)) {
      tell(engine, step);
      if (engine.router.aboveHighWater) break;
    }
    engine.router.publish();
    // No shard drains: the threads of this pool hang and ignore the stop word.
    const workerUrl = new URL('./idle-shard.js', import.meta.url);
    const pool = new ShardPool({ memories: engine.memories, counters: engine.counters, workerUrl });
    await pool.start();
    // A real thread is ended, in some 100 ms. Without an end it would hang for ever.
    const begun = process.hrtime.bigint();
    await pool.stop();
    await pool.done;
    expect(Number(process.hrtime.bigint() - begun) / 1e6).toBeLessThan(20_000);
    expect(engine.router.ended).toBe(false);
    expect(engine.memories.every((memory) => memory.i32[SHARD.head] === 0 && memory.i32[MAIN.tail] > 0)).toBe(
      true,
    );
    expect(engine.counters[COUNTER.workerDeaths]).toBe(0);
  });

  it('is noticed by a thread that sleeps', async () => {
    const engine = engineOf(1, 1);
    const pool = new ShardPool({ memories: engine.memories, counters: engine.counters });
    await pool.start();
    await pool.stop();
    await pool.done;
    expect(engine.counters[COUNTER.workerDeaths]).toBe(0);
  });
});
