/**
 * The trading calendar: dated data, read from `data/sessions/`. The only file that knows what a session is.
 * IST is a fixed +05:30 without daylight saving, so plain arithmetic is exact.
 */

import { EngineError } from '../errors.js';

export const IST_OFFSET_MS = 19_800_000;
export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;

/** `YYYY-MM-DD` of the IST date that holds `epochMs`. */
export function istDate(epochMs: number): string {
  return new Date(epochMs + IST_OFFSET_MS).toISOString().slice(0, 10);
}

/** `HH:mm` in IST. */
export function istMinute(epochMs: number): string {
  return new Date(epochMs + IST_OFFSET_MS).toISOString().slice(11, 16);
}

/** `YYYY-MM-DDTHH:mm:ss+05:30`, the form of the existing data. */
export function istStamp(epochMs: number): string {
  return `${new Date(epochMs + IST_OFFSET_MS).toISOString().slice(0, 19)}+05:30`;
}

/** Epoch ms of an IST date and time of day, e.g. `('2026-11-23', '09:15')`. */
export function istMs(date: string, time: string): number {
  return Date.parse(`${date}T${time.length === 5 ? `${time}:00` : time}+05:30`);
}

/** One stock's day. Windows are half-open; all figures epoch ms. */
export interface Session {
  readonly date: string;
  readonly openMs: number;
  readonly closeMs: number;
  /** The closing auction: ticks in its window make one flat candle of their own, labelled `labelMs`. */
  readonly auction: { readonly fromMs: number; readonly toMs: number; readonly labelMs: number } | undefined;
}

/** What the calendar says of a date. */
export type Day =
  | { readonly kind: 'open'; readonly session: Session }
  | { readonly kind: 'shut'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly session: Session; readonly reason: string };

interface RegularHours {
  readonly from: string;
  readonly to?: string;
  readonly appliesTo: 'all' | 'derivatives' | 'others';
  readonly continuous: readonly [string, string];
  readonly auction?: { readonly window: readonly [string, string]; readonly label: string };
}

/** The file's contents, as far as they are used. */
export interface CalendarData {
  readonly regular: readonly RegularHours[];
  readonly holidays: Readonly<Record<string, string>>;
  readonly special: Readonly<Record<string, string>>;
  readonly coveredUntil: string;
}

const TIME = /^([01]\d|2[0-3]):[0-5]\d$/;

function isDate(value: unknown): value is string {
  return typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) && new Date(`${value}T00:00:00Z`).toJSON()?.slice(0, 10) === value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Two times of a day, the earlier one first. */
function isWindow(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every((time) => typeof time === 'string' && TIME.test(time)) && value[0] < value[1];
}

function isHours(value: unknown): value is RegularHours {
  if (!isRecord(value) || !isDate(value.from) || (value.to !== undefined && !isDate(value.to))) return false;
  const { auction } = value;
  const auctionFits = auction === undefined || (isRecord(auction) && isWindow(auction.window) && typeof auction.label === 'string' && TIME.test(auction.label));
  return ['all', 'derivatives', 'others'].includes(value.appliesTo as string) && isWindow(value.continuous) && auctionFits;
}

/** Reasons by date; they are shown, so they are short and of one line. */
function isReasons(value: unknown): boolean {
  return isRecord(value) && Object.entries(value).every(([date, reason]) => isDate(date) && typeof reason === 'string' && reason.length <= 200 && !/[\u0000-\u001f\u007f-\u009f]/.test(reason));
}

/** Throws EngineError CONFIG when `data` says not what a calendar must, or not all of it: it comes from a file. */
function check(data: unknown): asserts data is CalendarData {
  const fail = (what: string): EngineError => new EngineError('CONFIG', `The trading calendar ${what}.`);
  if (!isRecord(data)) throw fail('is no object');
  const { regular, holidays, special, coveredUntil } = data;
  if (!Array.isArray(regular) || !regular.every(isHours)) throw fail('has no list `regular` of hours with `from`, `appliesTo` and `continuous`, as dates YYYY-MM-DD and times HH:mm');
  for (const kind of [true, false]) if (!regular.some((row) => applies(row, kind))) throw fail(`has no hours for stocks ${kind ? 'with' : 'without'} derivatives`);
  if (!isReasons(holidays) || !isReasons(special)) throw fail('has no `holidays` and `special` with a reason for each date');
  if (!isDate(coveredUntil)) throw fail('has no date `coveredUntil`');
}

/** Whether stocks of this kind are meant by the row. */
function applies(row: RegularHours, derivatives: boolean): boolean {
  return row.appliesTo === 'all' || row.appliesTo === (derivatives ? 'derivatives' : 'others');
}

/** The dated trading calendar of one segment. Immutable; questions only. */
export class Calendar {
  readonly #data: CalendarData;

  private constructor(data: CalendarData) {
    this.#data = data;
  }

  /** The calendar in a file's text (CalendarData as JSON). Throws EngineError CONFIG when it is none. */
  static parse(text: string): Calendar {
    let data: unknown;
    try {
      data = JSON.parse(text);
    } catch (error) {
      throw new EngineError('CONFIG', 'The trading calendar is no JSON.', { cause: error });
    }
    check(data);
    return new Calendar(data);
  }

  /** The hours in force on `date`; the nearest earlier row where none covers it. */
  #session(date: string, derivatives: boolean): Session {
    const rows = this.#data.regular.filter((row) => applies(row, derivatives));
    const row = rows.find((r) => r.from <= date && (r.to === undefined || date <= r.to)) ?? rows.filter((r) => r.from <= date).at(-1) ?? rows[0];
    return {
      date,
      openMs: istMs(date, row.continuous[0]),
      closeMs: istMs(date, row.continuous[1]),
      auction: row.auction && {
        fromMs: istMs(date, row.auction.window[0]),
        toMs: istMs(date, row.auction.window[1]),
        labelMs: istMs(date, row.auction.label),
      },
    };
  }

  /** What `date` (`YYYY-MM-DD`) is for a stock with or without derivatives. A date that the data does not cover is `unknown`. */
  day(date: string, derivatives: boolean): Day {
    const holiday = this.#data.holidays[date];
    if (holiday !== undefined) return { kind: 'shut', reason: `holiday: ${holiday}` };
    const special = this.#data.special[date];
    if (special !== undefined) return { kind: 'unknown', session: this.#session(date, derivatives), reason: `special session: ${special}` };
    const weekday = new Date(`${date}T00:00:00Z`).getUTCDay();
    if (weekday === 0 || weekday === 6) return { kind: 'shut', reason: weekday === 0 ? 'Sunday' : 'Saturday' };
    const session = this.#session(date, derivatives);
    const first = this.#data.regular[0].from;
    if (date > this.#data.coveredUntil || date < first) {
      return { kind: 'unknown', session, reason: `the session data covers ${first} to ${this.#data.coveredUntil}` };
    }
    return { kind: 'open', session };
  }

  /** The first opening at or after `fromMs`, epoch ms; undefined when none is within 30 days. */
  nextOpenMs(fromMs: number, derivatives: boolean): number | undefined {
    for (let day = 0; day < 30; day++) {
      const answer = this.day(istDate(fromMs + day * DAY_MS), derivatives);
      if (answer.kind !== 'shut' && answer.session.openMs >= fromMs) return answer.session.openMs;
    }
    return undefined;
  }
}

/** Whether trading is continuous at `ms`: when a feed that says nothing is mute rather than quiet. */
export function inContinuous(session: Session, ms: number): boolean {
  return ms >= session.openMs && ms < session.closeMs;
}
