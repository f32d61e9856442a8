/** Of the kinds of stepped-more.slow.test.ts: more modes, symbols and kills. */
import { expect, it } from 'vitest';
import { expectResumed, expectSameOf, expectSameWithFaults, FAULTS, unbroken } from './resumed.js';

it(`a run is the same each time in LTP mode with ${FAULTS.join(', ')}`, () => expectSameWithFaults('ltp'));

it('a run of the NIFTY 50 is the same for 1 and 4 shards', () => expectSameOf(50));

it('a run that is killed at 11:02 and resumed after 5 s has the candles of an unbroken one', async () => {
  const whole = await unbroken();
  expect(whole.length).toBeGreaterThan(0);
  await expectResumed('11:02', '5', whole);
});
