/** The trading calendar of all segments: the shipped files, and the user's days. */
import { readFileSync } from 'node:fs';
import { EngineError, sentenceOf } from '../errors.js';
import { shipped } from '../paths.js';
import type { HoursKind } from './calendar-file.js';
import { isIndex, SEGMENTS, type Instrument, type Segment } from './instrument.js';
import { Calendar, DAY_MS, istMs, type TradingDay } from './session.js';
import { parseUserDays, USER_DAYS_PATH, type UserDays } from './user-days.js';

/** From the package's root. */
export const sessionsPath = (segment: Segment): string =>
  `data/sessions/${segment.toLowerCase()}-sessions.json`;

/** What decides an instrument's hours. */
export type Traded = Pick<Instrument, 'exchange' | 'token' | 'derivatives' | 'contract'>;

/** Days before the end of a calendar from which each run says so. */
const SAID_BEFORE_DAYS = 30;

export function isSegment(exchange: string): exchange is Segment {
  return (SEGMENTS as readonly string[]).includes(exchange);
}

function kindOf(traded: Traded): HoursKind {
  return { derivatives: traded.derivatives, index: isIndex(traded), name: traded.contract?.name };
}

/** Immutable. Reads a segment's file when it is first asked for. */
export class TradingCalendar {
  readonly #segments = new Map<Segment, Calendar>();
  readonly user: UserDays;

  constructor(user: UserDays) {
    this.user = user;
  }

  /** Throws EngineError CONFIG if the segment's shipped file was edited and is not valid. */
  of(segment: Segment): Calendar {
    let known = this.#segments.get(segment);
    if (known === undefined) {
      const path = sessionsPath(segment);
      known = Calendar.parse(readFileSync(shipped(path), 'utf8'), path, this.user[segment]);
      this.#segments.set(segment, known);
    }
    return known;
  }

  /** An instrument's day. An exchange without a file of hours goes by those of NSE, as a guess. */
  day(date: string, traded: Traded): TradingDay {
    const { exchange } = traded;
    if (isSegment(exchange)) return this.of(exchange).day(date, kindOf(traded));
    const day = this.of('NSE').day(date, kindOf(traded));
    return day.kind === 'shut'
      ? day
      : { ...day, kind: 'unknown', reason: `no hours of ${exchange} are known` };
  }

  /** First opening at or after `fromMs`, epoch ms; undefined beyond 30 days. */
  nextOpenMs(fromMs: number, traded: Traded): number | undefined {
    return this.#calendarOf(traded).nextOpenMs(fromMs, kindOf(traded));
  }

  /** Last opening before `beforeMs`, epoch ms; undefined beyond 30 days. */
  lastOpenMs(beforeMs: number, traded: Traded): number | undefined {
    return this.#calendarOf(traded).lastOpenMs(beforeMs, kindOf(traded));
  }

  #calendarOf({ exchange }: Traded): Calendar {
    return this.of(isSegment(exchange) ? exchange : 'NSE');
  }

  /** When the first of these segments' calendars ends, epoch ms; undefined without a segment. */
  endMs(segments: Iterable<Segment>): number | undefined {
    const ends = [...new Set(segments)].map(
      (segment) => istMs(this.of(segment).covered.to, '00:00') + DAY_MS,
    );
    return ends.length === 0 ? undefined : Math.min(...ends);
  }

  /** Sentences on calendars of these segments that end soon, or have ended. `date`: IST, of this machine. */
  endings(segments: Iterable<Segment>, date: string): string[] {
    const byEnd = new Map<string, Segment[]>();
    for (const segment of new Set(segments)) {
      const { to } = this.of(segment).covered;
      if ((istMs(to, '00:00') - istMs(date, '00:00')) / DAY_MS <= SAID_BEFORE_DAYS)
        byEnd.set(to, [...(byEnd.get(to) ?? []), segment]);
    }
    return [...byEnd].map(([to, names]) => {
      const left = Math.round((istMs(to, '00:00') - istMs(date, '00:00')) / DAY_MS);
      const when = left < 0 ? 'ended on' : left === 0 ? 'ends today,' : `ends in ${left} days, on`;
      return `The trading calendar of ${names.join(', ')} ${when} ${to}: \`tickshard calendar add FILE\` takes the exchange's next list of holidays.`;
    });
  }
}

/** The shipped files alone. Throws EngineError CONFIG, here or when asked, for one that was edited and is not valid. */
export function shippedCalendar(): TradingCalendar {
  return new TradingCalendar({});
}

/** The user's days, of the folder that the program is started in; none without the file. Throws EngineError CONFIG. */
export function readUserDays(path = USER_DAYS_PATH): UserDays {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return {};
    throw new EngineError('CONFIG', `${path} cannot be read (${sentenceOf(error)}): let this user read it.`, {
      cause: error,
    });
  }
  return parseUserDays(text, path);
}

/** The shipped files and the user's days. Throws EngineError CONFIG. */
export function tradingCalendar(): TradingCalendar {
  return new TradingCalendar(readUserDays());
}
