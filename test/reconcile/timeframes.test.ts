/**
 * Comparisons of longer timeframes are as strict as those of minutes: what counts in minutes counts in candles. Broken
 * on purpose and caught: a hole next to whole candles that is excused, bounds by the range of the whole candle, labels
 * by the end of an hour that are not found.
 */
import { describe, expect, it } from 'vitest';
import type { CandleRow, CandleSource, QualityRow } from '../../src/candles/candle.js';
import { istDate, istMs } from '../../src/market/session.js';
import { minutesOf, TIMEFRAMES, type Timeframe } from '../../src/market/timeframe.js';
import { compareCandles, type Comparison } from '../../src/reconcile/comparison.js';
import type { OurCandle } from '../../src/reconcile/minutes.js';
import type { SymbolPair } from '../../src/reconcile/symbol-comparison.js';
import { systematicDifferences } from '../../src/reconcile/systematic.js';
import { judge } from '../../src/reconcile/verdict.js';
import { seededRandom } from '../../src/random.js';

const DATES = ['2026-11-16', '2026-11-17', '2026-11-18', '2026-11-19', '2026-11-20', '2026-11-23'];
const LONGER = TIMEFRAMES.filter((name) => name !== '1m');

const quality = (timestampMs: number, more: Partial<QualityRow> = {}): QualityRow => ({
  timestampMs,
  ticks: 400,
  priceChanges: 90,
  partial: false,
  revision: 0,
  late: 0,
  gapMs: 0,
  source: 'continuous',
  volSlack: 5,
  repaired: false,
  coverage: 0.8,
  maxAgeMs: 3000,
  oiHigh: null,
  oiLow: null,
  oiClose: null,
  tail: false,
  ...more,
});

/** Whole candles of ours on all dates, that wander by some ticks of 0.05. */
function wandering(timeframe: Timeframe, dates = DATES, symbol = 'TCS'): OurCandle[] {
  const random = seededRandom(7);
  let price = 2000;
  const candles: OurCandle[] = [];
  for (const date of dates) {
    const openMs = istMs(date, '09:15');
    const stepMs = Math.min(360, minutesOf(timeframe)) * 60_000;
    for (let ms = openMs; ms < openMs + 360 * 60_000; ms += stepMs) {
      const open = price;
      const close = Math.round((price + Math.floor(random() * 401) / 20 - 10) * 20) / 20;
      const [high, low] = [Math.max(open, close) + 1, Math.min(open, close) - 1.5];
      price = close;
      const volume = 1000 + Math.floor(random() * 5000);
      const candle: CandleRow = { symbol, exchange: 'NSE', timestampMs: ms, open, high, low, close, volume };
      candles.push({ candle, partial: false, source: 'continuous', quality: quality(ms) });
    }
  }
  return candles;
}

type Change = (row: CandleRow, index: number) => CandleRow | undefined;

function pairOf(ours: readonly OurCandle[], change: Change = (row) => row): SymbolPair {
  const candles = ours.flatMap(({ candle }, index): OurCandle[] => {
    const row = change(candle, index);
    return row === undefined ? [] : [{ candle: row, partial: false, source: 'continuous' }];
  });
  return {
    symbol: ours[0].candle.symbol,
    exchange: 'NSE',
    tickSizeRupees: 0.05,
    ours: { candles: ours, volumeKind: 'traded', mode: 'snapquote' },
    reference: { candles, volumeKind: 'traded' },
  };
}

function compared(timeframe: Timeframe, ...pairs: SymbolPair[]): Comparison & ReturnType<typeof judge> {
  const comparison = compareCandles(pairs, timeframe);
  const objections = systematicDifferences(pairs, timeframe).map(({ reason }) => reason);
  return { ...comparison, ...judge(comparison, objections) };
}

const withSource = (candle: OurCandle, source: CandleSource, more: Partial<QualityRow>): OurCandle => ({
  ...candle,
  source,
  partial: more.partial ?? candle.partial,
  quality: quality(candle.candle.timestampMs, { source, ...more }),
});

describe.each(LONGER)('candles of %s', (timeframe) => {
  const ours = wandering(timeframe);

  it('pass when they are equal', () => {
    const { verdict, symbols } = compared(timeframe, pairOf(ours));
    expect(verdict).toBe('pass');
    expect(symbols[0]).toMatchObject({ compared: ours.length, causes: { unexplained: 0 } });
  });

  it('fail for one that is missing in ours, next to whole ones', () => {
    const at = timeframe === '1d' ? 2 : 3;
    const pair = pairOf(ours);
    const holed = { ...pair, ours: { ...pair.ours, candles: ours.filter((_, k) => k !== at) } };
    // Of another symbol there is one, so that the date counts.
    const other = pairOf(wandering(timeframe, DATES, 'INFY'));
    const { reasons, symbols } = compared(timeframe, holed, other);
    expect(reasons).toContain('1 candle of the reference missing in ours (TCS)');
    expect(symbols[1].missing.ours).toEqual([ours[at].candle.timestampMs]);
  });

  it('fail for a close far off, although trades at the edge are not known', () => {
    // Half of the candle's own range: a minute's edge hides no such thing.
    const { symbols } = compared(
      timeframe,
      pairOf(ours, (row, k) => {
        if (k !== 4) return row;
        const far = (row.high - row.low) * 0.8;
        return { ...row, close: row.close > row.open ? row.close - far : row.close + far };
      }),
    );
    expect(symbols[0].judged).toMatchObject({ unexplained: 1, boundary: 0 });
  }); // prettier-ignore

  it('fail for one that is missing before a partial one, if others were whole until then', () => {
    const at = timeframe === '1d' ? 2 : 3;
    const pair = pairOf(ours);
    const candles = ours
      .map((one, k) => (k === at + 1 ? withSource(one, 'continuous', { partial: true }) : one))
      .filter((_, k) => k !== at);
    const holed = { ...pair, ours: { ...pair.ours, candles } };
    const other = pairOf(wandering(timeframe, DATES, 'INFY'));
    expect(compared(timeframe, holed, other).symbols[1].missing.ours).toEqual([ours[at].candle.timestampMs]);
  });

  it('are not judged where they are partial', () => {
    const pair = pairOf(ours, (row, k) => (k === 4 ? { ...row, close: row.close + 100 } : row));
    const candles = ours.map((one, k) => (k === 4 ? withSource(one, 'continuous', { partial: true }) : one));
    const { verdict, symbols } = compared(timeframe, { ...pair, ours: { ...pair.ours, candles } });
    expect(verdict).toBe('pass');
    expect(symbols[0].partial).toEqual({ minutes: 1, exact: 0 });
  });

  it('allow a volume to differ by its slack, and by no more', () => {
    const unexplained = (by: number): number =>
      compared(
        timeframe,
        pairOf(ours, (row, k) => (k === 4 ? { ...row, volume: row.volume + by } : row)),
      ).symbols[0].judged.unexplained;
    expect([unexplained(5), unexplained(6)]).toEqual([0, 1]);
  });

  it('have a sentence for labels by their end, and for another zone', () => {
    const step = Math.min(1440, minutesOf(timeframe));
    const notes = (minutes: number): string | undefined =>
      systematicDifferences(
        [pairOf(ours, (row) => ({ ...row, timestampMs: row.timestampMs + minutes * 60_000 }))],
        timeframe,
      ).map(({ note }) => note)[0];
    expect(notes(step)).toMatch(/ahead of ours, as of labels by the end of the candle: label each by its start/);
    if (timeframe !== '1d') expect(notes(-330)).toMatch(/5 h 30 min earlier than ours, as of UTC written without/);
  }); // prettier-ignore
});

describe('an auction of a longer timeframe', () => {
  const auctionMs = istMs('2026-11-23', '15:29');
  const prices = { open: 2001, high: 2001, low: 2001, close: 2001 };
  const print = (timestampMs: number): CandleRow => ({
    symbol: 'TCS',
    exchange: 'NSE',
    timestampMs,
    ...prices,
    volume: 900,
  });
  const own: OurCandle = {
    candle: print(auctionMs),
    partial: false,
    source: 'auction',
    quality: quality(auctionMs, { source: 'auction', coverage: null, maxAgeMs: null }),
  };

  it.each([
    ['5m', '15:29'],
    ['5m', '15:28'],
    ['5m', '15:25'],
    ['15m', '15:15'],
    ['30m', '15:15'],
    ['1h', '15:15'],
  ] as const)('of %s is found where the reference has it at %s', (timeframe, label) => {
    const ours = wandering(timeframe, ['2026-11-23']);
    const pair = pairOf(ours);
    const theirs = { ...own, source: 'continuous' as const, candle: print(istMs('2026-11-23', label)) };
    const both = {
      ...pair,
      ours: { ...pair.ours, candles: [...ours, own] },
      reference: { ...pair.reference!, candles: [...pair.reference!.candles, theirs] },
    };
    const { verdict, symbols } = compared(timeframe, both);
    expect(verdict).toBe('pass');
    expect(symbols[0]).toMatchObject({ compared: ours.length + 1, relabelled: label === '15:29' ? 0 : 1 });
  });

  it('takes no candle of continuous trading for it', () => {
    const ours = wandering('5m', ['2026-11-23']);
    const pair = pairOf(ours);
    const { symbols } = compared('5m', { ...pair, ours: { ...pair.ours, candles: [...ours.slice(0, -1), own] } });
    expect(symbols[0].missing.reference).toEqual([auctionMs]);
    expect(istDate(symbols[0].missing.ours[0])).toBe('2026-11-23');
  }); // prettier-ignore
});
