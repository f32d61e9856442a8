/**
 * A row of a broker for a minute in which nothing traded is no missing candle. Mutations that were caught: a row
 * without volume at another price, one that is not flat, and one of a date without any volume are idle.
 */
import { describe, expect, it } from 'vitest';
import { compareCandles } from '../../src/reconcile/comparison.js';
import type { OurCandle } from '../../src/reconcile/minutes.js';
import type { Side } from '../../src/reconcile/symbol-comparison.js';
import { judge } from '../../src/reconcile/verdict.js';
import { candleOf } from '../parquet/candles.js';

const CLOSE = 100.05;
type Prices = Partial<Record<'open' | 'high' | 'low' | 'close' | 'volume', number>>;
const FLAT: Prices = { open: CLOSE, high: CLOSE, low: CLOSE, volume: 0 };

function sideOf(rows: readonly (Prices | undefined)[], volumeKind: Side['volumeKind'] = 'traded'): Side {
  const candles = rows.flatMap((prices, minute): OurCandle[] =>
    prices === undefined
      ? []
      : [{ candle: { ...candleOf({ minute }).candle, ...prices }, partial: false, source: 'continuous' }],
  );
  return { candles, volumeKind };
}

function compared(ours: Side, reference: Side) {
  const comparison = compareCandles([
    { symbol: 'RELIANCE', exchange: 'NSE', tickSizeRupees: 0.05, ours, reference },
  ]);
  return { symbol: comparison.symbols[0], verdict: judge(comparison, []).verdict };
}

describe('a minute in which nothing traded', () => {
  it('is no missing candle of ours: a flat row at the last price without volume', () => {
    const found = compared(sideOf([{}, undefined, undefined, {}]), sideOf([{}, FLAT, FLAT, {}]));
    expect(found.symbol.idle.ours).toHaveLength(2);
    expect(found).toMatchObject({ verdict: 'pass', symbol: { compared: 2, missing: { ours: [] } } });
  });

  it.each<[string, Prices]>([
    ['with volume', { ...FLAT, volume: 1 }],
    ['that is not flat', { ...FLAT, high: 100.1 }],
    ['at another price than the close before it', { open: 99, high: 99, low: 99, close: 99, volume: 0 }],
  ])('is not seen in a row %s', (_what, row) => {
    const found = compared(sideOf([{}, undefined, {}]), sideOf([{}, row, {}]));
    expect(found).toMatchObject({ verdict: 'fail', symbol: { missing: { ours: [expect.any(Number)] } } });
  });

  it('is not seen where the reference has no volume at all, as for an index', () => {
    const none = { volume: 0 };
    const found = compared(sideOf([none, undefined, none]), sideOf([none, FLAT, none]));
    expect(found).toMatchObject({ verdict: 'fail', symbol: { idle: { ours: [] } } });
  });

  it('needs no row of the reference where our packets only repeat the price', () => {
    const found = compared(sideOf([{}, { ...FLAT, volume: 9 }, {}], 'tick'), sideOf([{}, undefined, {}]));
    expect(found).toMatchObject({ verdict: 'prices-agree', symbol: { missing: { reference: [] } } });
    expect(found.symbol.idle.reference).toHaveLength(1);
  });
});
