/**
 * Simulated runs, as many as the tier asks (test/volume.ts). A seed that fails is repeated alone, with its story, by
 * `npm run simulate -- --seeds 1 --seed S --story`; other seeds than these are run by `SEED=S`.
 *
 * Each invariant was broken on purpose once, in the compiled code, and was caught within 300 runs, by the
 * invariant that heads the line:
 *
 * - shards: SEAL goes into the first ring only: 227 runs.
 * - naive: a tick that is level with the close does not become it (`>` for `>=`): 45; an old cached packet anchors
 *   the volume: 18.
 * - conservation: duplicates are not counted: 39; rings are written over, as neither `pressed` nor `claim` looks: 9.
 * - throws: reading is never paused (`pressed` is always false), so that a publish finds no slot: 9; `decode` throws
 *   for an unknown mode: 15.
 * - killed: a successor does not publish what its predecessor had finished: 6; it does not know a record that was
 *   applied already: 2; the row writer writes into the valid slot: 6, and others.
 * - sink: partial beats whole: 114; the lower revision beats the higher: 154; rows are not sorted: 255; a dead
 *   writer's rows are taken for an earlier run's: 1.
 * - connection: a mute feed is given 70 s: 7; pongs are not watched: 18; waits of up to 200 s: 12; an end of another
 *   connection is heeded: 28; an end is reported twice: 178; a mute one never: 10.
 * - partial: no gap when a connection ends: 59; none after a silence: 5; one only from market time on instead of the
 *   last frame: 1; what a stall held back counts as elapsed: 1; in SnapQuote no second more: 1; and the other way,
 *   gaps never end: 58.
 * - sealed: a late tick is no revision: 26; candles as first sealed are taken again at each SEAL: 16.
 * - marketTime: an hour ahead is believed on one word: 11; one vote is enough: 11.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Shard } from '../../src/shard/shard.js';
import { slow } from '../tier.js';
import { mortalShard } from './mortal.js';
import { perTier, runsOf, seedsOf, turn } from '../volume.js';
import { natureOf, TROUBLES } from './profile.js';
import { INVARIANTS } from './violation.js';
import { simulate, type Outcome } from './world.js';

const RUNS = runsOf('simulated runs');

describe.each(seedsOf(1))('simulated runs from seed %i on', (first) => {
  const seeds = Array.from({ length: RUNS }, (_, k) => first + k);
  const outcomes: Outcome[] = [];
  let make: typeof Shard;

  beforeAll(async () => {
    make = await mortalShard();
    for (const seed of seeds) {
      outcomes.push(await simulate(seed, make));
      // No run ever waits, so other tasks need an explicit turn.
      await turn();
    }
  });

  it.each(Object.entries(INVARIANTS))('%s: %s', (invariant) => {
    expect(
      outcomes.flatMap(({ seed, violation }) =>
        violation?.invariant === invariant ? [`seed ${seed}: ${violation.what}`] : [],
      ),
    ).toEqual([]);
  });

  it('one seed is one run, to the last byte', async () => {
    for (const before of outcomes.slice(0, perTier(5, 20, 100)))
      expect((await simulate(before.seed, make)).hash, `seed ${before.seed}`).toBe(before.hash);
    expect(new Set(outcomes.map(({ hash }) => hash)).size).toBe(RUNS);
  });

  slow('meets what it is made for: every kind of trouble, and runs without any', () => {
    // Natures cost nothing, so that few runs need not have every trouble among them.
    const natures = Array.from({ length: 600 }, (_, k) => natureOf(first + k));
    for (const trouble of TROUBLES)
      expect(natures.filter(({ troubles }) => troubles.includes(trouble)).length, trouble).toBeGreaterThan(5);
    expect(natures.filter(({ troubles }) => troubles.length === 0).length).toBeGreaterThan(30);
    const sum = (figure: keyof Outcome['figures']): number =>
      outcomes.reduce((total, { figures }) => total + figures[figure], 0);
    // For 300 runs. Each of these was several times as much when it was written.
    for (const [figure, least] of Object.entries({
      frames: 100_000,
      candles: 1000,
      connections: 300,
      shardDeaths: 40,
      writerDeaths: 40,
      pauses: 10,
      lost: 30_000,
      late: 500,
      held: 50,
    })) {
      expect(sum(figure as keyof Outcome['figures']), figure).toBeGreaterThan((least * RUNS) / 300);
    }
  });
});
