/**
 * A few hundred simulated runs. A seed that fails is repeated alone, with its story, by `npm run simulate -- --seeds 1 --seed S --story`;
 * other seeds than these are run by `SEED=S`.
 *
 * Each invariant was broken on purpose once. MUTATIONS
 */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Shard } from '../../src/shard/shard.js';
import { mortalShard } from './mortal.js';
import { natureOf, TROUBLES } from './nature.js';
import { INVARIANTS } from './violation.js';
import { simulate, type Outcome } from './world.js';

const FIRST = Number(process.env.SEED ?? 1);
const RUNS = 300;
const seeds = Array.from({ length: RUNS }, (_, k) => FIRST + k);

process.stdout.write(`simulation: seed ${FIRST}, ${RUNS} runs\n`);

let make: typeof Shard;
const outcomes: Outcome[] = [];

beforeAll(async () => {
  make = await mortalShard();
  for (const seed of seeds) {
    outcomes.push(await simulate(seed, make));
    // No run ever waits, so nobody else would have a turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
});

describe(`simulated runs from seed ${FIRST} on`, () => {
  it.each(Object.entries(INVARIANTS))('%s: %s', (invariant) => {
    expect(outcomes.flatMap(({ seed, violation }) => (violation?.invariant === invariant ? [`seed ${seed}: ${violation.what}`] : []))).toEqual([]);
  });

  it('one seed is one run, to the last byte', async () => {
    for (const before of outcomes.slice(0, 20)) expect((await simulate(before.seed, make)).hash, `seed ${before.seed}`).toBe(before.hash);
    expect(new Set(outcomes.map(({ hash }) => hash)).size).toBe(RUNS);
  });

  it('meets what it is made for: every kind of trouble, and runs without any', () => {
    const natures = seeds.map(natureOf);
    for (const trouble of TROUBLES) expect(natures.filter(({ troubles }) => troubles.includes(trouble)).length, trouble).toBeGreaterThan(20);
    expect(natures.filter(({ troubles }) => troubles.length === 0).length).toBeGreaterThan(15);
    const sum = (figure: keyof Outcome['figures']): number => outcomes.reduce((total, { figures }) => total + figures[figure], 0);
    // Each of these was several times as much when it was written.
    for (const [figure, least] of Object.entries({ frames: 100_000, candles: 1000, connections: 300, shardDeaths: 80, writerDeaths: 40, pauses: 10, lost: 30_000, late: 500, held: 50 })) {
      expect(sum(figure as keyof Outcome['figures']), figure).toBeGreaterThan(least);
    }
  });
});
