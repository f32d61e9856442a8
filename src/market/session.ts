/**
 * The trading calendar, from `data/sessions/`: the only file that knows what a session is. IST is UTC+05:30 without
 * daylight saving, so arithmetic is exact.
 */

import { applies, DEFAULT_TAIL_MS, parseCalendar, type CalendarData, type Hours } from './calendar-file.js';

export const IST_OFFSET_MS = 19_800_000;
export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;

/** `YYYY-MM-DD` in IST. */
export function istDate(epochMs: number): string {
  return new Date(epochMs + IST_OFFSET_MS).toISOString().slice(0, 10);
}

/** `HH:mm` in IST. */
export function istMinute(epochMs: number): string {
  return new Date(epochMs + IST_OFFSET_MS).toISOString().slice(11, 16);
}

/** `HH:mm:ss` in IST. */
export function istSecond(epochMs: number): string {
  return new Date(epochMs + IST_OFFSET_MS).toISOString().slice(11, 19);
}

/** `YYYY-MM-DDTHH:mm:ss+05:30`. */
export function istStamp(epochMs: number): string {
  return `${new Date(epochMs + IST_OFFSET_MS).toISOString().slice(0, 19)}+05:30`;
}

/** Epoch ms of an IST date and time, e.g. `('2026-11-23', '09:15')`. */
export function istMs(date: string, time: string): number {
  return Date.parse(`${date}T${time.length === 5 ? `${time}:00` : time}+05:30`);
}

/** One stock's day. Half-open windows; epoch ms. */
export interface TradingSession {
  readonly date: string;
  readonly openMs: number;
  readonly closeMs: number;
  /** Ticks in the closing auction's window make one flat candle, labelled `labelMs`. */
  readonly auction: { readonly fromMs: number; readonly toMs: number; readonly labelMs: number } | undefined;
  /** As its calendar row says, market ms; `tailMsOf` has what is used. */
  readonly tailMs?: number | undefined;
}

/**
 * How long after `closeMs` the feed still shows trades of the last minute, market ms: until the auction's window at
 * the latest (docs/semantics.md, "The tail").
 */
export function tailMsOf({ closeMs, auction, tailMs = DEFAULT_TAIL_MS }: TradingSession): number {
  return auction === undefined ? tailMs : Math.min(tailMs, Math.max(0, auction.fromMs - closeMs));
}

export type TradingDay =
  | { readonly kind: 'open'; readonly session: TradingSession }
  | { readonly kind: 'shut'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly session: TradingSession; readonly reason: string };

function sessionOf(date: string, { continuous, auction, tailMs }: Hours): TradingSession {
  return {
    date,
    openMs: istMs(date, continuous[0]),
    closeMs: istMs(date, continuous[1]),
    tailMs,
    auction: auction && {
      fromMs: istMs(date, auction.window[0]),
      toMs: istMs(date, auction.window[1]),
      labelMs: istMs(date, auction.label),
    },
  };
}

/** One segment's calendar. Immutable. */
export class Calendar {
  readonly #data: CalendarData;

  private constructor(data: CalendarData) {
    this.#data = data;
  }

  /**
   * Reads a calendar file's text. Throws EngineError CONFIG with `where`, the place and reason of the first error.
   */
  static parse(text: string, where = 'The trading calendar'): Calendar {
    return new Calendar(parseCalendar(text, where));
  }

  /** The hours on `date`; else of the nearest earlier row. */
  #session(date: string, derivatives: boolean): TradingSession {
    const rows = this.#data.regular.filter((row) => applies(row, derivatives));
    return sessionOf(
      date,
      rows.find((r) => r.from <= date && (r.to === undefined || date <= r.to)) ??
        rows.filter((r) => r.from <= date).at(-1) ??
        rows[0],
    );
  }

  /** The day `date` (`YYYY-MM-DD`) of a stock with or without derivatives. `unknown`: outside the data. */
  day(date: string, derivatives: boolean): TradingDay {
    const holiday = this.#data.holidays[date];
    if (holiday !== undefined) return { kind: 'shut', reason: `holiday: ${holiday}` };
    const special = this.#data.special[date];
    if (typeof special === 'string')
      return {
        kind: 'unknown',
        session: this.#session(date, derivatives),
        reason: `special session: ${special}`,
      };
    if (special !== undefined) return { kind: 'open', session: sessionOf(date, special) };
    const weekday = new Date(`${date}T00:00:00Z`).getUTCDay();
    if (weekday === 0 || weekday === 6)
      return { kind: 'shut', reason: weekday === 0 ? 'Sunday' : 'Saturday' };
    const session = this.#session(date, derivatives);
    const first = this.#data.regular[0].from;
    if (date > this.#data.coveredUntil || date < first) {
      return {
        kind: 'unknown',
        session,
        reason: `the session data covers ${first} to ${this.#data.coveredUntil}`,
      };
    }
    return { kind: 'open', session };
  }

  /** First opening at or after `fromMs`, epoch ms; undefined beyond 30 days. */
  nextOpenMs(fromMs: number, derivatives: boolean): number | undefined {
    for (let day = 0; day < 30; day++) {
      const answer = this.day(istDate(fromMs + day * DAY_MS), derivatives);
      if (answer.kind !== 'shut' && answer.session.openMs >= fromMs) return answer.session.openMs;
    }
    return undefined;
  }

  /** Last opening before `beforeMs`, epoch ms; undefined beyond 30 days. */
  lastOpenMs(beforeMs: number, derivatives: boolean): number | undefined {
    for (let day = 0; day < 30; day++) {
      const answer = this.day(istDate(beforeMs - day * DAY_MS), derivatives);
      if (answer.kind !== 'shut' && answer.session.openMs < beforeMs) return answer.session.openMs;
    }
    return undefined;
  }
}

/** Of a whole day: one for each minute of continuous trading, and the auction's. */
export function dayCandles({ openMs, closeMs, auction }: TradingSession): number {
  return (closeMs - openMs) / MINUTE_MS + (auction === undefined ? 0 : 1);
}

/** True if trading is continuous at `ms`: then a silent feed is a fault. */
export function inContinuous(session: TradingSession, ms: number): boolean {
  return ms >= session.openMs && ms < session.closeMs;
}
