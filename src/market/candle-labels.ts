/** Where candles of a timeframe begin and end in a session. Pure. */
import { MINUTE_MS, type TradingSession } from './session.js';
import { candleStartMs, minutesOf, type Timeframe } from './timeframe.js';

/**
 * True if a candle may begin at `ms` (epoch ms). From the close to the auction's label any whole minute may be the
 * label of its print: brokers differ. The day's candle has the auction.
 */
export function isCandleStart(timeframe: Timeframe, session: TradingSession, ms: number): boolean {
  const { openMs, closeMs, auction } = session;
  if (ms < openMs || ms % MINUTE_MS !== 0) return false;
  if (ms < closeMs) return candleStartMs(timeframe, session, ms) === ms;
  return timeframe !== '1d' && auction !== undefined && ms <= auction.labelMs;
}

/** End of the candle that begins at `startMs`, half-open; epoch ms. The last of a session ends with it. */
export function candleEndMs(timeframe: Timeframe, session: TradingSession, startMs: number): number {
  const { closeMs, auction } = session;
  if (timeframe === '1d') return auction?.toMs ?? closeMs;
  if (startMs >= closeMs) return startMs + MINUTE_MS;
  return Math.min(closeMs, startMs + minutesOf(timeframe) * MINUTE_MS);
}
