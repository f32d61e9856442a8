/**
 * Candles of an honest quarter of an hour agree by `compare` with the broker's own candles, with all habits of the
 * feed. With each of them switched off a few values may be unexplained: of some 200 the limit of 0.1 %
 * allows none, and without `price-first` no packet shows how late volumes are (docs/semantics.md, "Volume"). Here some
 * are off for minutes, in habits.long.test.ts each for a quarter of an hour. Other modes are there, too.
 */
import { describe, expect, it } from 'vitest';
import { compared, expectNearly, OFF } from './habits.js';

const MINUTES_OFF = 4;
/** Of the list of habits. No multiple of the number of modes. */
const EACH = 8;

it('an honest quarter of an hour passes in mode snapquote', async () => {
  expect(await compared('snapquote', 15)).toMatchObject({ verdict: 'pass' });
});

describe(`${MINUTES_OFF} honest minutes`, () => {
  it.each(OFF.filter((_, k) => k % EACH === 0))('agree without %s, in mode %s', (name, mode) =>
    expectNearly(mode, MINUTES_OFF, `${name}=off`),
  );

  it('agree without any', () => expectNearly('quote', MINUTES_OFF, 'all=off'));
});
