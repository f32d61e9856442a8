/** The tools of the benches. bench.slow.test.ts runs the benches. */
import { describe, expect, it } from 'vitest';
import { floor, frames, plain } from '../../bench/baselines.js';
import { naiveAnswer } from '../../bench/market.js';
import { topFunctions } from '../../bench/profile.js';
import { inTurns, median, rowOf, rowsTable } from '../../bench/row.js';
import { BENCHES, runBenches } from '../../bench/run.js';

describe('npm run bench', () => {
  it('refuses an unknown name', async () => {
    const said: string[] = [];
    expect(await runBenches(['nothing'], (text) => said.push(text))).toBe(2);
    expect(said).toEqual([`There is no bench \`nothing\`: ${BENCHES.map(({ name }) => name).join(', ')}.`]);
  });
});

describe('the yardsticks', () => {
  it('agree with each other, and a plain bar builder tells frames apart', () => {
    const { buf, tokens } = frames(100_000);
    const answer = floor(buf, 100_000, tokens);
    expect(answer).toEqual(plain(buf, 100_000, tokens));
    expect(answer.candles).toBeGreaterThan(0);
    const whole = naiveAnswer(buf, 100_000, tokens);
    buf[43] ^= 1;
    expect(naiveAnswer(buf, 100_000, tokens)).not.toBe(whole);
  });
});

describe('a profile', () => {
  it('names the functions that took most time, without idle ones', () => {
    const frame = (id: number, functionName: string) => ({
      id,
      callFrame: { functionName, url: 'file:///x/dist/fold.js', lineNumber: id },
    });
    const found = topFunctions(
      {
        nodes: [frame(1, '(idle)'), frame(2, 'apply'), frame(3, ''), frame(4, 'step')],
        samples: [1, 2, 3, 2, 4],
        timeDeltas: [900, 30, 20, 40, 10],
      },
      2,
    );
    expect(found).toEqual([
      { name: 'apply fold.js:3', share: 0.7 },
      { name: '(anonymous) fold.js:4', share: 0.2 },
    ]);
  });
});

describe('a row', () => {
  it('has the ratio of the middle round, above 1 where ours is better', () => {
    expect(rowOf({ name: 'a', unit: 'ns', values: [10, 30, 20], baseline: [20, 30, 80], target: 2 })).toEqual(
      {
        name: 'a',
        unit: 'ns',
        median: 20,
        min: 10,
        max: 30,
        baseline: 30,
        ratio: 2,
        target: 2,
        bound: null,
        met: true,
      },
    );
    expect(
      rowOf({
        name: 'a',
        unit: 'M/s',
        values: [10, 30, 20],
        baseline: [20, 30, 80],
        target: 2,
        moreIsBetter: true,
      }),
    ).toMatchObject({ ratio: 0.5, met: false });
    expect(rowOf({ name: 'a', unit: 'ns', values: [1] })).toMatchObject({
      baseline: null,
      ratio: null,
      target: null,
      met: null,
    });
    expect(rowOf({ name: 'a', unit: 'MB', values: [5, 7, 6], bound: 6 })).toMatchObject({
      bound: 6,
      met: true,
    });
    expect(rowOf({ name: 'a', unit: 'MB', values: [5, 7, 6], bound: 5.5 })).toMatchObject({ met: false });
    expect(rowsTable([rowOf({ name: 'a', unit: 'ns', values: [1], baseline: [3], target: 4 })])).toMatch(
      /3\.00x +4\.00x +MISSED$/,
    );
    expect(median([3, 1, 2, 4])).toBe(3);
  });

  it('is made of variants that take turns, each round with another one first', async () => {
    const order: string[] = [];
    const note = (name: string) => () => order.push(name);
    await inTurns(3, { a: note('a'), b: note('b'), c: note('c') });
    expect(order).toEqual(['a', 'b', 'c', 'b', 'c', 'a', 'c', 'a', 'b']);
  });
});
