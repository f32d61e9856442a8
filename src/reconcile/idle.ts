/**
 * Finds minutes in which nothing traded, by a side's own rows. Pure.
 *
 * Brokers fill a minute without a trade with a flat row at the last price and volume 0. Our candles have no row for it
 * in Quote and SnapQuote mode; in LTP mode a packet that repeats the price makes one.
 */
import type { CandleRow, VolumeKind } from '../candles/candle.js';
import { istDate } from '../market/session.js';
import type { OurCandle } from './minutes.js';

/** Rupees: prices nearer than this are equal; half the unit of compared prices. */
const EQUAL_RUPEES = 0.00005;

const isEqual = (a: number, b: number): boolean => Math.abs(a - b) < EQUAL_RUPEES;

const isFlat = ({ open, high, low, close }: CandleRow): boolean =>
  isEqual(open, high) && isEqual(open, low) && isEqual(open, close);

/**
 * The side's rows that report no trade: flat, at the close of the row before on its date if there is one, and with
 * volume 0. Where the side counts ticks, the repeated price is enough. Where a date has no volume at all, as for an
 * index, volume 0 says nothing, and no row of it is idle.
 */
export function idleRows(candles: readonly OurCandle[], volumeKind: VolumeKind): ReadonlySet<OurCandle> {
  const idle = new Set<OurCandle>();
  const withVolume = new Set<string>();
  for (const { candle } of candles) if (candle.volume > 0) withVolume.add(istDate(candle.timestampMs));
  let before: { readonly date: string; readonly close: number } | undefined;
  for (const seen of candles) {
    const { candle } = seen;
    const date = istDate(candle.timestampMs);
    const last = before?.date === date ? before.close : undefined;
    const repeats = isFlat(candle) && (last === undefined || isEqual(candle.open, last));
    const silent = volumeKind === 'tick' ? last !== undefined : candle.volume === 0 && withVolume.has(date);
    if (repeats && silent && seen.source !== 'auction') idle.add(seen);
    before = { date, close: candle.close };
  }
  return idle;
}
