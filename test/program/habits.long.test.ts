/** Honest quarters of an hour, each without one of the feed's habits: habits.slow.test.ts with more minutes. */
import { describe, expect, it } from 'vitest';
import { compared, expectNearly, OFF } from './habits.js';

describe('an honest quarter of an hour', () => {
  // Of LTP candles no volume can be compared: that prices agree is the best that can be said.
  it.each([
    ['quote', 'pass'],
    ['ltp', 'prices-agree'],
  ])('agrees in mode %s: %s', async (mode, verdict) => {
    expect(await compared(mode, 15)).toMatchObject({ verdict });
  });

  it.each(OFF)('agrees without %s, in mode %s', (name, mode) => expectNearly(mode, 15, `${name}=off`));

  it('agrees without any', () => expectNearly('quote', 15, 'all=off'));
});
