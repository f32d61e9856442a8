/**
 * Candles of an honest quarter of an hour agree by `compare` with the broker's own candles in every mode, with all
 * habits of the feed. With each of them switched off a few values may be unexplained: of some 200 the limit of 0.1 %
 * allows none, and without `price-first` no packet shows how late volumes are (docs/semantics.md, "Volume"). Here some
 * are off for minutes, in habits.long.test.ts each for a quarter of an hour.
 */
import { describe, expect, it } from 'vitest';
import { compared, expectNearly, MODES, OFF } from './habits.js';

const MINUTES_OFF = 4;
/** Of the list of habits. No multiple of the number of modes. */
const EACH = 4;

describe('an honest quarter of an hour', () => {
  // Of LTP candles no volume can be compared: that prices agree is the best that can be said.
  it.each(MODES)('passes in mode %s', async (mode) => {
    expect(await compared(mode, 15)).toMatchObject({ verdict: mode === 'ltp' ? 'prices-agree' : 'pass' });
  });
});

describe(`${MINUTES_OFF} honest minutes`, () => {
  it.each(OFF.filter((_, k) => k % EACH === 0))('agree without %s, in mode %s', (name, mode) =>
    expectNearly(mode, MINUTES_OFF, `${name}=off`),
  );

  it('agree without any', () => expectNearly('quote', MINUTES_OFF, 'all=off'));
});
