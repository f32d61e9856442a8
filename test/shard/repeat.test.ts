/**
 * Batches that are begun again: a thread may have died when its rows were shown and before the head moved
 * (`src/shard/row-writer.ts`).
 */
import { expect, it } from 'vitest';
import { seededRandom } from '../../src/random.js';
import { SHARD } from '../../src/memory/layout.js';
import { Shard } from '../../src/shard/shard.js';
import type { NaiveMode } from '../naive.js';
import { runsOf, seedsOf, turn } from '../volume.js';
import { at, engineOf, INSTRUMENTS, outcome, playInline, tell } from './drive.js';
import { seededHappenings, unfold } from './schedule.js';

const cases = seedsOf(20261126).flatMap((seed) => ([1, 2, 3] as const).map((mode) => [mode, seed] as const));

it.each(cases)(
  'are passed over where they were shown, in whatever pieces they come again (mode %i, seed %i)',
  async (mode: NaiveMode, seed) => {
    const random = seededRandom(seed, mode);
    const runs = runsOf('repeated batches');
    let all = 0;
    for (let run = 0; run < runs; run++) {
      const steps = unfold(seededHappenings(random, 600, 400, 15), {
        mode,
        startMs: at('15:03'),
        speed: 1,
        instruments: INSTRUMENTS,
        carries: run % 2 === 1,
      });
      const plain = engineOf(mode, 1);
      playInline(plain, steps);
      const engine = engineOf(mode, 1);
      for (const step of steps) tell(engine, step);
      engine.router.end();
      engine.router.publish();
      const { i32 } = engine.memories[0];
      let shard = new Shard(engine.memories[0]);
      let repeats = 0;
      for (;;) {
        const head = i32[SHARD.head];
        const done = shard.step(() => 0, 1 + Math.floor(random() * (random() < 0.3 ? 200 : 8)));
        if (done === 0) break;
        if (random() > 0.3 || repeats > 200) continue;
        // Its last store did not come about, and another takes over.
        repeats++;
        Atomics.store(i32, SHARD.head, head);
        shard = new Shard(engine.memories[0]);
      }
      all += repeats;
      expect(outcome(engine)).toEqual(outcome(plain));
      await turn();
    }
    // On average: a run may have few.
    expect(all).toBeGreaterThan(5 * runs);
  },
);
