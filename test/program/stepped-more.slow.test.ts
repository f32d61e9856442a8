/**
 * One seed is one run: every mode, with and without faults. Runs that are killed. LTP with faults, all of the NIFTY 50
 * and a third kill: stepped-more.long.test.ts.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { inFolder } from '../parquet/candles.js';
import type { DiskRow } from '../parquet/rows.js';
import { expectResumed, expectSameOf, expectSameWithFaults, FAULTS, unbroken } from './resumed.js';
import { expectSame, outcomeOf, stepped } from './stepped.js';

describe('a run is the same each time', () => {
  it(`in snapquote mode with ${FAULTS.join(', ')}`, () => expectSameWithFaults('snapquote'));

  it('in quote mode without faults; another seed gives another market', async () => {
    const args = stepped('--duration', '2', '--mode', 'quote');
    const { rows } = await expectSame(args);
    expect(rows.length).toBeGreaterThan(10);
    await inFolder(async (folder) => {
      const other = await outcomeOf(
        args.map((arg) => (arg === '7' ? '8' : arg)),
        folder,
      );
      expect(other.rows).not.toEqual(rows);
    });
  });

  it('with twelve symbols', () => expectSameOf(12));
});

describe('a run that is killed and resumed', () => {
  let whole: readonly DiskRow[];
  beforeAll(async () => {
    whole = await unbroken();
  });

  it.each([
    ['11:01', '90'],
    ['11:03', '0'],
  ])('at %s, after %s s, has the candles of an unbroken run outside its gap', (minute, afterS) =>
    expectResumed(minute, afterS, whole),
  );
});
