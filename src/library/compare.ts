/** `tickshard/compare`: our candles and another source's, one by one, with a verdict. */
import { isPolled, type CandleRow, type QualityRow } from '../candles/candle.js';
import { openingOf } from '../market/day-labels.js';
import { MINUTE_MS } from '../market/session.js';
import { TIMEFRAMES, type Timeframe } from '../market/timeframe.js';
import { tradingCalendar } from '../market/trading-calendar.js';
import { compareCandles as compareSides, type Comparison } from '../reconcile/comparison.js';
import { systematicDifferences } from '../reconcile/systematic.js';
import type { SymbolPair } from '../reconcile/symbol-comparison.js';
import { FeedError } from './error.js';
import { judge } from '../reconcile/verdict.js';

export type { CandleRow, Comparison, QualityRow, Timeframe };

export interface CandlesToCompare {
  readonly symbol: string;
  /** Default `NSE`. */
  readonly exchange?: string | undefined;
  /** Smallest step of its price, rupees. Default 0.05. */
  readonly tickSize?: number | undefined;
  readonly mode: 'ltp' | 'quote' | 'snapquote';
  /** As `candle` and `revision` events give them, the last of each minute; or rolled up to the timeframe. */
  readonly ours: readonly { readonly candle: CandleRow; readonly quality: QualityRow }[];
  /** Labelled by their starts; of `1d` by the opening, or by midnight of Indian time as the broker does. */
  readonly reference: readonly Omit<CandleRow, 'symbol' | 'exchange'>[];
}

export interface CandleVerdict {
  /** As `tickshard compare` says it; `prices-agree`: only prices could be compared, as in LTP mode. */
  readonly verdict: 'pass' | 'prices-agree' | 'fail';
  /** Clauses; empty for a pass. */
  readonly reasons: readonly string[];
  readonly comparison: Comparison;
}

const NUMBERS = ['timestampMs', 'open', 'high', 'low', 'close', 'volume'] as const;

function checkCandle(symbol: string, candle: Partial<Record<(typeof NUMBERS)[number], number>>): void {
  const wrong = NUMBERS.find((name) => !Number.isFinite(candle[name]));
  if (wrong !== undefined)
    throw new FeedError(
      'USAGE',
      `A candle of ${symbol} has ${String(candle[wrong])} as ${wrong}, which takes a number.`,
    );
  if (candle.timestampMs! % MINUTE_MS !== 0)
    throw new FeedError(
      'USAGE',
      `A candle of ${symbol} begins at ${candle.timestampMs!}, which is no whole minute in epoch ms.`,
    );
}

export interface CompareSettings {
  /** Percent of values that may differ without a cause. Default 0.1. */
  readonly unexplainedPercent?: number | undefined;
  /** Of all candles of both sides. Default `1m`. */
  readonly timeframe?: Timeframe | undefined;
}

/** A day's candle as the broker labels it, by midnight, moved to the opening, which is our label. */
function labelled<Row extends { readonly timestampMs: number }>(
  rows: readonly Row[],
  exchange: string,
  timeframe: Timeframe,
): readonly Row[] {
  if (timeframe !== '1d') return rows;
  const calendar = tradingCalendar();
  return rows.map((row) => ({ ...row, timestampMs: openingOf(row.timestampMs, exchange, calendar) }));
}

/**
 * Compares as `tickshard compare` does (docs/compare-and-cutover.md): partial and polled candles prove nothing,
 * differences have causes, and more than 0.1 % without one fail. Throws FeedError `USAGE` for what is no candle or
 * timeframe.
 */
export function compareCandles(
  symbols: readonly CandlesToCompare[],
  { unexplainedPercent, timeframe = '1m' }: CompareSettings = {},
): CandleVerdict {
  if (!TIMEFRAMES.includes(timeframe))
    throw new FeedError('USAGE', `timeframe takes ${TIMEFRAMES.join(', ')}, and is ${String(timeframe)}.`);
  const pairs = symbols.map((one): SymbolPair => {
    const { symbol, exchange = 'NSE', tickSize, mode, ours, reference } = one;
    for (const candle of [...reference, ...ours.map((row) => row.candle)]) checkCandle(symbol, candle);
    const volumeKind = mode === 'ltp' ? 'tick' : 'traded';
    return {
      symbol,
      exchange,
      tickSizeRupees: tickSize,
      ours: {
        volumeKind,
        mode,
        candles: ours.map(({ candle, quality }) => ({
          candle,
          quality,
          partial: quality.partial || isPolled(quality),
          source: quality.source,
        })),
      },
      reference: {
        volumeKind: 'traded',
        candles: labelled(reference, exchange, timeframe).map((candle) => ({
          candle: { ...candle, symbol, exchange },
          partial: false,
          source: 'continuous',
        })),
      },
    };
  });
  const comparison = compareSides(pairs, timeframe);
  const objections = systematicDifferences(pairs, timeframe).map(({ reason }) => reason);
  const { verdict, reasons } = judge(comparison, objections, unexplainedPercent);
  return { verdict, reasons, comparison };
}
