/** The sessions of a run's instruments, which may open and close at different times. Pure. */
import { EngineError } from '../errors.js';
import { nameOf, type Instrument } from '../market/instrument.js';
import { istDate, istStamp, type TradingDay, type TradingSession } from '../market/session.js';
import type { TradingCalendar } from '../market/trading-calendar.js';
import { named } from '../text/named.js';

export interface RunHours {
  readonly sessions: ReadonlyMap<Instrument, TradingSession>;
  /** Why they are assumed; undefined when the calendar covers the date. */
  readonly hoursUnknown: string | undefined;
  /** Epoch ms; undefined unless the run waits. */
  readonly opensMs: number | undefined;
  /** On instruments that open during the run, one sentence an exchange. */
  readonly notes: readonly string[];
}

interface RunTimes {
  /** Market time, epoch ms. */
  readonly nowMs: number;
  /** True with `--wait-open`. */
  readonly mayWait: boolean;
  /** True for a resumed run: symbols whose session is over have candles to be written. */
  readonly resumes?: boolean;
  /** Market ms; Infinity: until the close. */
  readonly lastsMs: number;
}

/** Of one instrument at a moment: `over` until the next trading day. */
type Phase = 'trades' | 'later' | 'over';

interface Looked {
  readonly instrument: Instrument;
  readonly phase: Phase;
  readonly why: string;
  /** Of the date's session, epoch ms; NaN without one. */
  readonly openMs: number;
}

function lookAt(instrument: Instrument, day: TradingDay, nowMs: number): Looked {
  if (day.kind === 'shut') return { instrument, phase: 'over', why: day.reason, openMs: NaN };
  const { openMs, closeMs, auction } = day.session;
  if (nowMs < openMs) return { instrument, phase: 'later', why: 'before the opening', openMs };
  const isOver = nowMs >= (auction?.toMs ?? closeMs);
  return { instrument, phase: isOver ? 'over' : 'trades', why: isOver ? 'after the close' : '', openMs };
}

/** As for a sentence: `NSE (RELIANCE, TCS and 3 more)`. */
function byExchange(looked: readonly Looked[]): string {
  const exchanges = [...new Set(looked.map(({ instrument }) => instrument.exchange))];
  const namesOf = (exchange: string): string[] =>
    looked.flatMap(({ instrument }) => (instrument.exchange === exchange ? [nameOf(instrument)] : []));
  return exchanges.map((exchange) => `${exchange} (${named(namesOf(exchange), 4)})`).join(' and ');
}

function shut(nowMs: number, opensMs: number | undefined, mayWait: boolean, why: string): EngineError {
  const when =
    opensMs === undefined
      ? 'on a day that the session data does not cover'
      : `${istStamp(opensMs)}${mayWait ? '' : ' (--wait-open waits for it)'}`;
  return new EngineError(
    'MARKET_SHUT',
    `The market is shut at ${istStamp(nowMs)} (${why}); it opens ${when}.`,
  );
}

/** The first date from which on all that are `over` have opened again, and its first opening, epoch ms. */
function nextOpening(
  calendar: TradingCalendar,
  instruments: readonly Instrument[],
  nowMs: number,
): number | undefined {
  const next = instruments.map((instrument) => calendar.nextOpenMs(nowMs, instrument));
  if (next.includes(undefined)) return undefined;
  const opens = next as number[];
  const date = istDate(Math.max(...opens));
  return Math.min(...opens.filter((ms) => istDate(ms) === date));
}

/**
 * All instruments' sessions on the market's date. The run can start if one trades now and the others open before its
 * end. Otherwise those of the next opening if the run may wait for it; else throws EngineError MARKET_SHUT, which says
 * when the market opens, or whose symbols to leave out.
 */
export function hoursAt(
  calendar: TradingCalendar,
  instruments: readonly Instrument[],
  { nowMs, mayWait, resumes = false, lastsMs }: RunTimes,
): RunHours {
  const looked = instruments.map((one) => lookAt(one, calendar.day(istDate(nowMs), one), nowMs));
  const over = looked.filter(({ phase }) => phase === 'over');
  const later = looked.filter(({ phase }) => phase === 'later');
  if (over.length + later.length < looked.length && (over.length === 0 || resumes)) {
    const tooLate = later.filter(({ openMs }) => openMs >= nowMs + lastsMs);
    if (tooLate.length > 0)
      throw new EngineError(
        'MARKET_SHUT',
        `${byExchange(tooLate)} opens ${istStamp(tooLate[0].openMs)}, after this run's end: leave that out, or give a longer --duration.`,
      );
    const notes =
      later.length === 0 ? [] : [`${byExchange(later)} opens during the run, ${istStamp(later[0].openMs)}.`];
    return { ...sessionsOn(calendar, instruments, istDate(nowMs)), opensMs: undefined, notes };
  }
  const opensMs = nextOpening(
    calendar,
    over.length > 0 ? over.map(({ instrument }) => instrument) : instruments,
    nowMs,
  );
  if (!mayWait && over.length > 0 && over.length < looked.length)
    throw new EngineError(
      'MARKET_SHUT',
      `${byExchange(over)} is shut at ${istStamp(nowMs)} (${over[0].why}) and opens ${opensMs === undefined ? 'on a day that the session data does not cover' : istStamp(opensMs)}: leave that out, or wait for it with --wait-open.`,
    );
  if (!mayWait || opensMs === undefined) throw shut(nowMs, opensMs, mayWait, (over[0] ?? later[0]).why);
  const found = sessionsOn(calendar, instruments, istDate(opensMs));
  const firstMs = Math.min(...[...found.sessions.values()].map(({ openMs }) => openMs));
  return { ...found, opensMs: firstMs, notes: [] };
}

/** Throws EngineError MARKET_SHUT for an instrument that does not trade on `date`. */
function sessionsOn(
  calendar: TradingCalendar,
  instruments: readonly Instrument[],
  date: string,
): Pick<RunHours, 'sessions' | 'hoursUnknown'> {
  const sessions = new Map<Instrument, TradingSession>();
  let hoursUnknown: string | undefined;
  for (const instrument of instruments) {
    const day = calendar.day(date, instrument);
    if (day.kind === 'shut')
      throw new EngineError(
        'MARKET_SHUT',
        `${instrument.exchange} is shut on ${date} (${day.reason}), when others of this run trade: leave ${nameOf(instrument)} out.`,
      );
    if (day.kind === 'unknown') hoursUnknown = day.reason;
    sessions.set(instrument, day.session);
  }
  return { sessions, hoursUnknown };
}
