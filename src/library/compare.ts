/** `tickshard/compare`: our candles and another source's, minute by minute, with a verdict. */
import type { CandleRow, QualityRow } from '../candles/candle.js';
import { MINUTE_MS } from '../market/session.js';
import { compareCandles as compareSides, type Comparison } from '../reconcile/comparison.js';
import { systematicDifferences } from '../reconcile/systematic.js';
import type { SymbolPair } from '../reconcile/symbol-comparison.js';
import { FeedError } from './error.js';
import { judge } from '../reconcile/verdict.js';

export type { CandleRow, Comparison, QualityRow };

export interface CandlesToCompare {
  readonly symbol: string;
  /** Default `NSE`. */
  readonly exchange?: string | undefined;
  /** Smallest step of its price, rupees. Default 0.05. */
  readonly tickSize?: number | undefined;
  readonly mode: 'ltp' | 'quote' | 'snapquote';
  /** As `candle` and `revision` events give them, the last of each minute. */
  readonly ours: readonly { readonly candle: CandleRow; readonly quality: QualityRow }[];
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

/**
 * Compares as `tickshard compare` does (docs/compare-and-cutover.md): partial minutes prove nothing, differences have
 * causes, and more than 0.1 % without one fail. `unexplainedPercent`: another limit. Throws FeedError `USAGE` for what
 * is no candle.
 */
export function compareCandles(
  symbols: readonly CandlesToCompare[],
  { unexplainedPercent }: { readonly unexplainedPercent?: number | undefined } = {},
): CandleVerdict {
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
          partial: quality.partial,
          source: quality.source,
        })),
      },
      reference: {
        volumeKind: 'traded',
        candles: reference.map((candle) => ({
          candle: { ...candle, symbol, exchange },
          partial: false,
          source: 'continuous',
        })),
      },
    };
  });
  const comparison = compareSides(pairs);
  const objections = systematicDifferences(pairs).map(({ reason }) => reason);
  const { verdict, reasons } = judge(comparison, objections, unexplainedPercent);
  return { verdict, reasons, comparison };
}
