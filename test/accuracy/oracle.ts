/**
 * The best bars that all frames of a day allow. The oracle sees them at once, and knows when each was made and when its
 * last trade happened, to the ms. It does not know a trade that no frame shows.
 */
import type { TradingSession } from '../../src/market/session.js';
import { add, minuteOf, type Bar, type Frame } from './market.js';

/**
 * Prices of last trades in their minutes, and highs and lows of the day that rose or fell between two frames, if all of
 * that time lies in one minute. Volume: the total of the last frame whose last trade is in the minute, less that of the
 * one before.
 */
export function oracleBars(session: TradingSession, frames: readonly Frame[]): Map<number, Bar> {
  const bars = new Map<number, Bar>();
  let before: Frame | undefined;
  for (const frame of frames) {
    const minute = minuteOf(session, frame.tradedMs);
    if (minute >= 0 && frame.volume > (before?.volume ?? 0)) {
      add(bars, minute, frame.price, frame.volume - (before?.volume ?? 0));
      if (before !== undefined && minuteOf(session, before.madeMs) === minute) {
        const bar = bars.get(minute)!;
        if (frame.dayHigh > before.dayHigh) bar.high = Math.max(bar.high, frame.dayHigh);
        if (frame.dayLow < before.dayLow) bar.low = Math.min(bar.low, frame.dayLow);
      }
    }
    before = frame;
  }
  return bars;
}
