/** Candles of `getCandleData`'s longer intervals, of a day's minutes. */
import type { CandleRow } from '../candles/candle.js';
import { istMs, MINUTE_MS, type TradingSession } from '../market/session.js';

/** Minutes of `ONE_DAY`, whose one candle has the auction too. */
export const WHOLE_DAY = Infinity;

/** `row` widened by a later one. */
const joined = (row: CandleRow, later: CandleRow): CandleRow => ({
  ...row,
  high: Math.max(row.high, later.high),
  low: Math.min(row.low, later.low),
  close: later.close,
  volume: row.volume + later.volume,
});

/**
 * Rolls up a session's minutes, ascending, into candles of `minutes` that are counted from its opening; the last may be
 * short. The auction's candle stays one of its own. The candle of the whole day is labelled by midnight, Indian time.
 */
export function longerCandles(
  rows: readonly CandleRow[],
  { date, openMs, closeMs }: TradingSession,
  minutes: number,
): CandleRow[] {
  const lengthMs = minutes * MINUTE_MS;
  const labelOf = (ms: number): number => {
    if (minutes === WHOLE_DAY) return istMs(date, '00:00');
    return ms >= closeMs ? ms : openMs + Math.floor((ms - openMs) / lengthMs) * lengthMs;
  };
  const byLabel = new Map<number, CandleRow>();
  for (const row of rows) {
    const timestampMs = labelOf(row.timestampMs);
    const begun = byLabel.get(timestampMs);
    byLabel.set(timestampMs, begun === undefined ? { ...row, timestampMs } : joined(begun, row));
  }
  return [...byLabel.values()];
}
