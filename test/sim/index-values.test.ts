/** An index of the simulated market: one value a second, as computed from its shares, without bursts. */
import { expect, it } from 'vitest';
import { at, dayOfListing, listed } from './world.js';

it('an index has one value a second, without leaps', () => {
  const nifty = { ...listed('RELIANCE')[0], symbol: 'NIFTY', token: '99926000', derivatives: false };
  const { trades } = dayOfListing(nifty);
  const values = trades.filter(({ ms }) => ms >= at('09:15') && ms < at('15:15'));
  expect(values.length).toBeGreaterThan(20_000);
  const gaps = values.slice(1).map(({ ms }, k) => ms - values[k].ms);
  expect([Math.min(...gaps), Math.max(...gaps)]).toEqual([1000, 1000]);
  // Normal deviates are cut off at three: each move is a small part of a day's.
  const moves = values.slice(1).map(({ price }, k) => Math.abs(price / values[k].price - 1));
  expect(Math.max(...moves)).toBeLessThan(0.001);
});
