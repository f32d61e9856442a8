/**
 * Timeframes: a candle of a longer timeframe is made of an instrument's minutes of continuous trading, counted from its
 * opening. The last one of a session may be short. An auction's candle stays one of its own, except in the day's.
 */
import { MINUTE_MS, type TradingSession } from './session.js';

/** From the shortest. */
export const TIMEFRAMES = ['1m', '3m', '5m', '15m', '30m', '1h', '1d'] as const;
export type Timeframe = (typeof TIMEFRAMES)[number];

const MINUTES: Readonly<Record<Timeframe, number>> = {
  '1m': 1,
  '3m': 3,
  '5m': 5,
  '15m': 15,
  '30m': 30,
  '1h': 60,
  '1d': Infinity,
};

/** Minutes of one candle; those of a day are all. */
export const minutesOf = (timeframe: Timeframe): number => MINUTES[timeframe];

/** True if the auction's print belongs to the candle of the minutes before it. */
export const includesAuction = (timeframe: Timeframe): boolean => timeframe === '1d';

/** Start of the candle with the minute of continuous trading that begins at `minuteMs`. Epoch ms. */
export function candleStartMs(
  timeframe: Timeframe,
  { openMs }: Pick<TradingSession, 'openMs'>,
  minuteMs: number,
): number {
  const lengthMs = minutesOf(timeframe) * MINUTE_MS;
  return timeframe === '1d' ? openMs : openMs + Math.floor((minuteMs - openMs) / lengthMs) * lengthMs;
}
