/** Labels of a day's candles: brokers take midnight, and we the opening. */
import { istDate, istMs } from './session.js';
import type { TradingCalendar } from './trading-calendar.js';

/**
 * The opening of the exchange's session (epoch ms) for a label of its midnight, Indian time; another label, or one of a
 * date without trading, stays. All instruments of an exchange open together.
 */
export function openingOf(labelMs: number, exchange: string, calendar: TradingCalendar): number {
  const date = istDate(labelMs);
  if (labelMs !== istMs(date, '00:00')) return labelMs;
  const day = calendar.day(date, { exchange, token: '', derivatives: false });
  return day.kind === 'shut' ? labelMs : day.session.openMs;
}
