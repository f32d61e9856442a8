/** Of the kinds of stepped-more.slow.test.ts: more modes, symbols and kills. */
import { expect, it } from 'vitest';
import { expectResumed, expectSameOf, expectSameWithFaults, FAULTS, unbroken } from './resumed.js';

it(`a run is the same each time in LTP mode with ${FAULTS.join(', ')}`, () => expectSameWithFaults('ltp'));

it.each([12, 50])('a run of %i symbols is the same for 1 and 4 shards', (symbols) => expectSameOf(symbols));

it('a run that is killed at 11:01 or 11:02 and resumed has the candles of an unbroken one', async () => {
  const whole = await unbroken();
  expect(whole.length).toBeGreaterThan(0);
  await expectResumed('11:01', '90', whole);
  await expectResumed('11:02', '5', whole);
});
