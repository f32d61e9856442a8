/** `compareCandles` of the library in other timeframes than minutes. */
import { describe, expect, it } from 'vitest';
import { compareCandles, type CandlesToCompare, type Timeframe } from '../../src/library/compare.js';
import { FeedError } from '../../src/library/error.js';
import { candleOf } from '../parquet/candles.js';

/** Ours at minutes after 09:15, and the same of the reference `later` minutes later. */
function candles(minutes: readonly number[], later = 0): CandlesToCompare {
  const ours = minutes.map((minute) => candleOf({ minute }));
  const reference = ours.map(({ candle }) => ({
    ...candle,
    timestampMs: candle.timestampMs + later * 60_000,
  }));
  return { symbol: 'RELIANCE', mode: 'snapquote', ours, reference };
}

describe('compareCandles', () => {
  it('says the timeframe, and what is missing of it', () => {
    const given = candles([0, 5, 10, 15]);
    const whole = compareCandles([given], { timeframe: '5m' });
    expect(whole).toMatchObject({ verdict: 'pass', reasons: [], comparison: { timeframe: '5m' } });
    const holed = compareCandles([{ ...given, ours: given.ours.filter((_, k) => k !== 2) }], {
      timeframe: '5m',
    });
    expect(holed).toMatchObject({
      verdict: 'fail',
      reasons: ['1 candle of the reference missing in ours (RELIANCE)'],
    });
  });

  it("takes a day's label of midnight for the opening", () => {
    // Without the holiday of 24 November.
    const days = [0, 2880, 4320];
    expect(compareCandles([candles(days, -555)], { timeframe: '1d' }).verdict).toBe('pass');
    expect(compareCandles([candles(days, -225)], { timeframe: '1d' }).verdict).toBe('fail');
  });

  it('refuses a timeframe that it does not know', () => {
    expect(() => compareCandles([candles([0])], { timeframe: '10m' as Timeframe })).toThrow(
      new FeedError('USAGE', 'timeframe takes 1m, 3m, 5m, 15m, 30m, 1h, 1d, and is 10m.'),
    );
  });
});
