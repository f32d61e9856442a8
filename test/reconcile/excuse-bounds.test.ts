/**
 * Causes excuse no more than a conflated feed hides (docs/compare-and-cutover.md, "Excuses"). The candles are made of
 * simulated frames, the reference of all trades. Mutations that were caught: the share, the distance or the reach of
 * one price is not bounded.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import type { CandleRow } from '../../src/candles/candle.js';
import { MINUTE_MS } from '../../src/market/session.js';
import { compareCandles } from '../../src/reconcile/comparison.js';
import type { OurCandle } from '../../src/reconcile/minutes.js';
import type { SymbolPair } from '../../src/reconcile/symbol-comparison.js';
import { judge } from '../../src/reconcile/verdict.js';
import { niftyFifty } from '../../src/run/universe.js';
import { calendarDay } from '../accuracy/days.js';
import { ours, type OurBar } from '../accuracy/folds.js';
import { framesOf, tradesOf, trueBars, type Bar } from '../accuracy/market.js';
import { candleOf } from '../parquet/candles.js';

const MINUTES = 360;
let honest: SymbolPair;

function rowOf(symbol: string, timestampMs: number, bar: Bar): CandleRow {
  const [open, high, low, close] = [bar.open, bar.high, bar.low, bar.close].map((paise) => paise / 100);
  return { symbol, exchange: 'NSE', timestampMs, open, high, low, close, volume: bar.volume };
}

function qualityOf({ ticks, coveredSeconds, volSlack, partial }: OurBar) {
  return { ...candleOf({ minute: 0 }).quality, ticks, coverage: coveredSeconds / 60, volSlack, partial };
}

beforeAll(() => {
  const { session, previousDate } = calendarDay('2026-11-23');
  const listing = niftyFifty().find(({ symbol }) => symbol === 'TCS')!;
  const options = { seed: 31, listing, session, previousDate };
  const trades = tradesOf(options);
  const side = <T extends Bar>(bars: ReadonlyMap<number, T>, candleFrom: (bar: T) => Partial<OurCandle>) => ({
    volumeKind: 'traded' as const,
    mode: 'snapquote',
    candles: [...bars]
      .filter(([minute]) => minute < MINUTES)
      .sort(([a], [b]) => a - b)
      .map(([minute, bar]): OurCandle => ({
        candle: rowOf('TCS', session.openMs + minute * MINUTE_MS, bar),
        partial: false,
        source: 'continuous',
        ...candleFrom(bar),
      })),
  });
  honest = {
    symbol: 'TCS',
    exchange: 'NSE',
    tickSizeRupees: listing.tickSizeRupees,
    ours: side(ours(listing, session, framesOf(options, trades, 1.5), 'snapquote'), (bar) => ({
      partial: bar.partial,
      quality: qualityOf(bar),
    })),
    reference: side(trueBars(session, trades), () => ({})),
  };
});

type Change = (row: CandleRow, k: number) => Partial<CandleRow>;

/** With one side's candles changed, of the minutes `from` to `to`. */
function changed(which: 'ours' | 'reference', change: Change, from = 0, to = MINUTES) {
  const pair = {
    ...honest,
    [which]: {
      ...honest[which]!,
      candles: honest[which]!.candles.map((seen, k) => ({
        ...seen,
        candle: { ...seen.candle, ...change(seen.candle, k) },
      })),
    },
  };
  const comparison = compareCandles([
    { ...pair, ours: { ...pair.ours, candles: pair.ours.candles.slice(from, to) } },
  ]);
  return { ...comparison, ...judge(comparison, []) };
}

const none: Change = () => ({});
const noWicks: Change = ({ open, close }) => ({ high: Math.max(open, close), low: Math.min(open, close) });
const noTop: Change = ({ open, close }) => ({ high: Math.max(open, close) });
const lower =
  (rupees: number, every: number): Change =>
  ({ low }, k) =>
    k % every === 0 ? { low: low - rupees } : {};
const lessOpen: Change = ({ open, low }) => ({ open: Math.max(low, open - 0.6) });

describe('bounds of what is excused', () => {
  it.each([
    [0, MINUTES],
    [100, 103],
    [200, 215],
  ])('hold on a day of a conflated feed (minutes %i to %i)', (from, to) => {
    expect(changed('reference', none, from, to)).toMatchObject({ verdict: 'pass', excesses: [] });
  });

  it.each<[string, 'ours' | 'reference', Change, string[]]>([
    ['all wicks cut off', 'ours', noWicks, ['high', 'low']],
    ['one side only', 'ours', noTop, ['high']],
    ['every second low a little too low', 'reference', lower(0.3, 2), ['low']],
    ['opens below ours', 'reference', lessOpen, ['open below ours']],
  ])('name %s', (_what, which, change, sides) => {
    const { verdict, excesses, reasons } = changed(which, change);
    expect(verdict).toBe('fail');
    expect([...new Set(excesses.map(({ side }) => side))]).toEqual(sides);
    const where = `${sides[0]} of TCS on 2026-11-23`;
    expect(reasons.at(-1)).toContain(`more differs than the feed can hide: ${where} (`);
    expect(reasons.at(-1)).toMatch(/ \(\d+ of 3\d\d minutes, at most \d+ at \d\.\d packets a second\)/);
  });

  it('do not excuse a price far from our candle: each low 10 rupees too low', () => {
    const { symbols, reasons } = changed('reference', lower(10, 1));
    expect(symbols[0].judged.unexplained).toBeGreaterThan(350);
    expect(reasons[0]).toMatch(/^3\d\d differences that nothing explains/);
  });

  it('bound the mean distance', () => {
    const far: Change = ({ high, low }, k) => (k % 9 === 0 ? { high: high + 0.9 * (high - low) } : {});
    const { excesses } = changed('reference', far);
    expect(excesses).toMatchObject([{ side: 'high', what: 'distance' }]);
  });
});
