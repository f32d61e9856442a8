/**
 * One seed is one run: every mode, with and without faults. Runs that are killed. LTP with faults, more symbols
 * and other kills: stepped-more.long.test.ts.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { inFolder } from '../parquet/candles.js';
import type { DiskRow } from '../parquet/rows.js';
import { expectResumed, expectSameWithFaults, FAULTS, unbroken } from './resumed.js';
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
});

describe('a run that is killed and resumed', () => {
  let whole: readonly DiskRow[];
  beforeAll(async () => {
    whole = await unbroken();
  });

  it('at 11:03, after 0 s, has the candles of an unbroken run outside its gap', () =>
    expectResumed('11:03', '0', whole));
});
