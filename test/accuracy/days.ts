/** The days of the table: one seed each, with and without the closing auction. */
import { DAY_MS, istDate, istMs, MINUTE_MS, type TradingSession } from '../../src/market/session.js';
import { shippedCalendar } from '../../src/market/trading-calendar.js';

export const DAYS = [
  { seed: 1, date: '2026-11-23' },
  { seed: 2, date: '2026-07-20' },
  { seed: 3, date: '2026-11-25' },
] as const;

const calendar = shippedCalendar();

/** The session of a stock with derivatives, its minutes, and the previous trading date. */
export function calendarDay(date: string): {
  readonly session: TradingSession;
  readonly minutes: number;
  readonly previousDate: string;
} {
  const day = calendar.of('NSE').day(date, true);
  if (day.kind === 'shut') throw new Error(`${date}: ${day.reason}`);
  let previousDate = date;
  do previousDate = istDate(istMs(previousDate, '00:00') - DAY_MS);
  while (calendar.of('NSE').day(previousDate, true).kind === 'shut');
  return {
    session: day.session,
    minutes: (day.session.closeMs - day.session.openMs) / MINUTE_MS,
    previousDate,
  };
}
