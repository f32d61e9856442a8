/**
 * The trading calendar, from `data/sessions/`: the only file that knows what a session is. IST is UTC+05:30 without
 * daylight saving, so arithmetic is exact.
 */

import {
  DEFAULT_TAIL_MS,
  isCut,
  parseCalendar,
  rowsFor,
  type CalendarData,
  type CoveredSpan,
  type Hours,
  type HoursKind,
  type SegmentDays,
  type UserDay,
} from './calendar-file.js';

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

/** Part of a regular session; undefined if nothing of it is left. */
function cut(
  session: TradingSession,
  { opens, closes }: { readonly opens?: string; readonly closes?: string },
): TradingSession | undefined {
  const openMs = Math.max(session.openMs, opens === undefined ? 0 : istMs(session.date, opens));
  const endMs = closes === undefined ? Infinity : istMs(session.date, closes);
  const closeMs = Math.min(session.closeMs, endMs);
  const auction =
    session.auction !== undefined && session.auction.toMs <= endMs ? session.auction : undefined;
  return openMs < closeMs ? { ...session, openMs, closeMs, auction } : undefined;
}

/** Days of `nextOpenMs` and `lastOpenMs`. */
const LOOKED_AT_DAYS = 30;
const kindOf = (of: boolean | HoursKind): HoursKind => (typeof of === 'boolean' ? { derivatives: of } : of);
/** The date after an IST date, both `YYYY-MM-DD`. */
export const dayAfter = (date: string): string => istDate(istMs(date, '00:00') + DAY_MS);

/**
 * One segment's calendar: the shipped file and the user's days, which win. Immutable. `of` in its questions: the kind
 * of instrument, in short whether a stock has derivatives.
 */
export class Calendar {
  readonly #data: CalendarData;
  readonly #user: SegmentDays;

  private constructor(data: CalendarData, user: SegmentDays) {
    this.#data = data;
    this.#user = user;
  }

  /**
   * Reads a calendar file's text. Throws EngineError CONFIG with `where`, the place and reason of the first error.
   */
  static parse(
    text: string,
    where = 'The trading calendar',
    user: SegmentDays = { days: {}, covered: [] },
  ): Calendar {
    return new Calendar(parseCalendar(text, where), user);
  }

  /** The hours on `date`; else of the nearest earlier row. */
  #session(date: string, kind: HoursKind): TradingSession {
    const rows = rowsFor(this.#data.regular, kind);
    const begun = rows.filter((row) => row.from <= date);
    return sessionOf(
      date,
      begun.find(({ to }) => to === undefined || date <= to) ??
        begun.sort((a, b) => (a.from < b.from ? -1 : 1)).at(-1) ??
        rows[0],
    );
  }

  /** The day `date` (`YYYY-MM-DD`). `unknown`: outside the data, so the hours are those of the weekday's rule. */
  day(date: string, of: boolean | HoursKind): TradingDay {
    const kind = kindOf(of);
    const own = Object.hasOwn(this.#user.days, date) ? this.#user.days[date] : undefined;
    if (own !== undefined && !('unknown' in own && typeof this.#data.special[date] === 'object'))
      return this.#userDay(date, kind, own);
    const holiday = this.#data.holidays[date];
    if (holiday !== undefined) return { kind: 'shut', reason: `holiday: ${holiday}` };
    const special = this.#data.special[date];
    if (typeof special === 'string') return this.#assumed(date, kind, `special session: ${special}`);
    if (special === undefined) return this.#byRule(date, kind);
    if (!isCut(special)) return { kind: 'open', session: sessionOf(date, special) };
    return this.#cut(date, kind, special, special.reason);
  }

  #assumed(date: string, kind: HoursKind, reason: string): TradingDay {
    return { kind: 'unknown', session: this.#session(date, kind), reason };
  }

  #cut(date: string, kind: HoursKind, hours: Parameters<typeof cut>[1], reason: string): TradingDay {
    const session = cut(this.#session(date, kind), hours);
    return session === undefined ? { kind: 'shut', reason } : { kind: 'open', session };
  }

  #userDay(date: string, kind: HoursKind, own: UserDay): TradingDay {
    if ('shut' in own) return { kind: 'shut', reason: `holiday: ${own.shut}` };
    if ('unknown' in own) return this.#assumed(date, kind, `special session: ${own.unknown}`);
    return own.continuous === undefined
      ? this.#cut(date, kind, own, own.reason)
      : { kind: 'open', session: sessionOf(date, { continuous: own.continuous }) };
  }

  #byRule(date: string, kind: HoursKind): TradingDay {
    const weekday = new Date(`${date}T00:00:00Z`).getUTCDay();
    if (weekday === 0 || weekday === 6)
      return { kind: 'shut', reason: weekday === 0 ? 'Sunday' : 'Saturday' };
    const session = this.#session(date, kind);
    if (this.#spans().some(({ from, to }) => from <= date && date <= to)) return { kind: 'open', session };
    const { from, to } = this.covered;
    return { kind: 'unknown', session, reason: `the session data covers ${from} to ${to}` };
  }

  #spans(): readonly CoveredSpan[] {
    const from = this.#data.regular.map((row) => row.from).sort()[0];
    return [{ from, to: this.#data.coveredUntil }, ...this.#user.covered];
  }

  /** What the shipped file covers, and the user's days where they follow without a gap. */
  get covered(): CoveredSpan {
    const [shipped, ...others] = this.#spans();
    let { to } = shipped;
    for (const span of others.sort((a, b) => (a.from < b.from ? -1 : 1)))
      if (span.from <= dayAfter(to) && span.to > to) ({ to } = span);
    return { from: shipped.from, to };
  }

  /** The shipped file's last covered date. */
  get shippedUntil(): string {
    return this.#data.coveredUntil;
  }

  /** The shipped file's word on a date that is no day of the rule, in words; undefined for one that is. */
  shippedWord(date: string): string | undefined {
    const holiday = this.#data.holidays[date];
    if (holiday !== undefined) return `shut (${holiday})`;
    const special = this.#data.special[date];
    if (special === undefined) return undefined;
    return typeof special === 'string' ? 'a special session without hours' : `open (${special.reason})`;
  }

  /** First opening at or after `fromMs`, epoch ms; undefined beyond 30 days. */
  nextOpenMs(fromMs: number, of: boolean | HoursKind): number | undefined {
    for (let day = 0; day < LOOKED_AT_DAYS; day++) {
      const answer = this.day(istDate(fromMs + day * DAY_MS), of);
      if (answer.kind !== 'shut' && answer.session.openMs >= fromMs) return answer.session.openMs;
    }
    return undefined;
  }

  /** Last opening before `beforeMs`, epoch ms; undefined beyond 30 days. */
  lastOpenMs(beforeMs: number, of: boolean | HoursKind): number | undefined {
    for (let day = 0; day < LOOKED_AT_DAYS; day++) {
      const answer = this.day(istDate(beforeMs - day * DAY_MS), of);
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
