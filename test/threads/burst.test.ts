/** Real threads under a burst: every ring runs full, the producer waits as it should, and nothing is lost or overwritten. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/random.js';
import { COUNTER } from '../../src/shared/counters.js';
import { MAIN, SHARD } from '../../src/shared/layout.js';
import { ShardPool } from '../../src/shard/pool.js';
import { at, engineOf, expectNaive, INSTRUMENTS, naiveOf, outcome, playInline, tell } from '../shard/drive.js';
import { seededHappenings, unfold, type Step } from '../shard/schedule.js';
import { feed } from './feed.js';

const SEED = 11;
const PACKETS = 300_000;

function burst(mode: 1 | 2 | 3, count: number): Step[] {
  return unfold(seededHappenings(seededRandom(SEED, mode), count, 40, 200), { mode, startMs: at('11:00'), speed: 1, instruments: INSTRUMENTS });
}

describe(`a burst through rings of 4096 slots (seed ${SEED})`, () => {
  const steps = burst(1, PACKETS);
  const naive = naiveOf(1, steps);
  const inline = engineOf(1, 1);
  playInline(inline, steps);

  it.each([1, 2, 4])('loses nothing with %i shards', async (shards) => {
    const engine = engineOf(1, shards);
    const pool = new ShardPool({ memories: engine.memories, counters: engine.counters });
    try {
      // Before any thread drains, so that the rings are certain to run full.
      const feeding = feed(engine, steps);
      await pool.start();
      const pauses = await feeding;
      engine.router.end();
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

describe('stopping', () => {
  it('ends at once with full rings, and says that nothing ended', async () => {
    const engine = engineOf(1, 2);
    for (const step of burst(1, 20_000)) {
      tell(engine, step);
      if (engine.router.pressed) break;
    }
    engine.router.publish();
    // Nobody drains: the threads of this pool hang, and heed no stop word.
    const workerUrl = new URL('./idle-shard.js', import.meta.url);
    const pool = new ShardPool({ memories: engine.memories, counters: engine.counters, workerUrl });
    await pool.start();
    const begun = process.hrtime.bigint();
    await pool.stop();
    await pool.done;
    expect(Number(process.hrtime.bigint() - begun) / 1e6).toBeLessThan(2000);
    expect(engine.router.ended).toBe(false);
    expect(engine.memories.every((memory) => memory.i32[SHARD.head] === 0 && memory.i32[MAIN.tail] > 0)).toBe(true);
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
