/**
 * An index has no volume in any mode: its frames tell neither a day's range nor when a value was made, so that its
 * candles are judged as those of LTP mode.
 */
import { expect, it } from 'vitest';
import { compareCandles } from '../../src/reconcile/comparison.js';
import type { OurCandle } from '../../src/reconcile/minutes.js';
import type { Side } from '../../src/reconcile/symbol-comparison.js';
import { candleOf } from '../parquet/candles.js';

const seen = (minute: number, volume: number, [high, close]: readonly number[]): OurCandle => {
  const { candle, quality } = candleOf({ minute, volSlack: volume === 0 ? null : 0 });
  const prices = { open: 100, high, low: 99, close, volume };
  return {
    candle: { ...candle, ...prices },
    quality: { ...quality, ticks: 60, coverage: 1 },
    partial: false,
    source: 'continuous',
  };
};

it.each([
  ['an index', 0, { boundary: 1, unseenExtreme: 1, unexplained: 0 }],
  ['a stock, whose frames tell them', 100, { boundary: 0, unseenExtreme: 0, unexplained: 2 }],
])("in SnapQuote mode the day's new high and a late close of %s", (_what, volume, causes) => {
  const side = (...prices: readonly (readonly number[])[]): Side => ({
    candles: prices.map((one, minute) => seen(minute, volume, one)),
    volumeKind: 'traded',
    mode: 'snapquote',
  });
  const ours = side([101, 100], [101, 100]);
  const reference = side([101.5, 100], [101, 100.5]);
  const comparison = compareCandles([
    { symbol: 'NIFTY', exchange: 'NSE', tickSizeRupees: 0.05, ours, reference },
  ]);
  expect(comparison.symbols[0].causes).toMatchObject(causes);
});
