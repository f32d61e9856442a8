/** An entry of kind `polled`: the broker's candle of a minute that a gap touched. Eight f64. */
import type { PolledMinute } from '../memory/polled.js';

const FIELDS = 8;

/** In the order of the format. */
export function polledEntry(polled: PolledMinute): number[] {
  const { instrument, minuteMs, open, high, low, close, volume, answers } = polled;
  return [instrument, minuteMs, open, high, low, close, volume, answers];
}

/** Undefined for bytes that are no polled minute of `instruments` instruments. */
export function readPolledEntry(bytes: Buffer, instruments: number): PolledMinute | undefined {
  if (bytes.length !== 8 * FIELDS) return undefined;
  const numbers = Array.from({ length: FIELDS }, (_, k) => bytes.readDoubleLE(8 * k));
  const [instrument, minuteMs, open, high, low, close, volume, answers] = numbers;
  const usable =
    numbers.every((number) => Number.isSafeInteger(number) && number >= 0) &&
    instrument < instruments &&
    low > 0 &&
    low <= Math.min(open, close) &&
    high >= Math.max(open, close);
  return usable ? { instrument, minuteMs, open, high, low, close, volume, answers } : undefined;
}
