/** Numbers and times as written in India. Pure. */
import { IST_OFFSET_MS, istDate, istMinute, istSecond } from '../market/session.js';

const price2 = new Intl.NumberFormat('en-IN', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const whole = new Intl.NumberFormat('en-IN', { maximumFractionDigits: 0 });

/** An unknown value. */
export const NONE = '–';

/** NONE for null and for a number that is no time, which a report may hold. */
const timed = (ms: number | null, text: (ms: number) => string): string =>
  ms === null || Number.isNaN(new Date(ms + IST_OFFSET_MS).getTime()) ? NONE : text(ms);

/** `HH:mm:ss`, Indian time. */
export function second(ms: number | null): string {
  return timed(ms, istSecond);
}

/** `HH:mm`, Indian time. */
export function minute(ms: number | null): string {
  return timed(ms, istMinute);
}

/** `YYYY-MM-DD`, Indian time. */
export function day(ms: number | null): string {
  return timed(ms, istDate);
}

export function rupees(value: number | null): string {
  return value === null ? NONE : price2.format(value);
}

export function number(value: number | null): string {
  return value === null ? NONE : whole.format(value);
}

/** Percent, with its sign. */
export function change(last: number | null, open: number | null): string {
  if (last === null || open === null || open === 0) return NONE;
  const percent = ((last - open) / open) * 100;
  return `${percent > 0 ? '+' : percent < 0 ? '−' : ''}${Math.abs(percent).toFixed(2)} %`;
}

/** One decimal below 10. */
export function rate(value: number): string {
  return value < 10 ? value.toFixed(1) : whole.format(value);
}

/** How long ago, ms: seconds, then minutes, then hours. */
export function age(ms: number): string {
  const seconds = Math.max(0, ms / 1000);
  if (seconds < 99.5) return `${seconds < 9.95 ? seconds.toFixed(1) : seconds.toFixed(0)} s`;
  return seconds < 5970 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** In the unit that keeps the text short. */
export function micros(us: number | null): string {
  if (us === null) return NONE;
  if (us < 1000) return `${Math.round(us)} µs`;
  return us < 1_000_000
    ? `${(us / 1000).toFixed(us < 10_000 ? 1 : 0)} ms`
    : `${(us / 1_000_000).toFixed(1)} s`;
}

export function millis(ms: number | null): string {
  return ms === null ? NONE : micros(ms * 1000);
}

/** `1 symbol`, `2 symbols`. */
export function count(value: number, noun: string): string {
  return `${whole.format(value)} ${noun}${value === 1 ? '' : 's'}`;
}
