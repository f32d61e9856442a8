/** Hours by segment and date, the user's days, and what a run of several segments does with them. */
import { describe, expect, it } from 'vitest';
import type { Instrument } from '../../src/market/instrument.js';
import { istDate, istMs, istStamp } from '../../src/market/session.js';
import { shippedCalendar, TradingCalendar } from '../../src/market/trading-calendar.js';
import { parseUserDays, userDaysText } from '../../src/market/user-days.js';
import { hoursAt } from '../../src/run/hours.js';

const shipped = shippedCalendar();

const TYPES: Readonly<Record<string, number>> = { NSE: 1, NFO: 2, BSE: 3, BFO: 4, MCX: 5, NCDEX: 7, CDS: 13 };

function instrument(exchange: string, symbol: string, more: Partial<Instrument> = {}): Instrument {
  const rest = { token: '1594', tickSizeRupees: 0.05, derivatives: true };
  return { index: 0, symbol, exchange, exchangeType: TYPES[exchange], ...rest, ...more };
}

const contract = (name: string): Partial<Instrument> => ({
  contract: { name, expiry: '2026-12-29', option: undefined, strikeRupees: undefined, lotSize: 1 },
});

function hours(calendar: TradingCalendar, date: string, of: Instrument): string {
  const day = calendar.day(date, of);
  if (day.kind === 'shut') return `shut: ${day.reason}`;
  const time = (ms: number): string => istStamp(ms).slice(11, 16);
  const { openMs, closeMs, auction } = day.session;
  return `${time(openMs)}-${time(closeMs)}${auction === undefined ? '' : '+auction'}${day.kind === 'unknown' ? '?' : ''}`;
}

describe('hours by segment', () => {
  const reliance = instrument('NSE', 'RELIANCE');
  const future = instrument('NFO', 'NIFTY29DEC26FUT', contract('NIFTY'));
  const gold = instrument('MCX', 'GOLD', contract('GOLD'));
  it.each<[string, Instrument, string]>([
    ['2026-11-30', reliance, '09:15-15:15+auction'],
    ['2026-11-30', instrument('NSE', 'SMALL', { derivatives: false }), '09:15-15:30'],
    ['2026-11-30', instrument('NSE', 'NIFTY', { token: '99926000', derivatives: false }), '09:15-15:15+auction'],
    ['2026-11-30', instrument('BSE', 'SENSEX', { token: '99919000', derivatives: false }), '09:15-15:15+auction'],
    ['2026-07-31', future, '09:15-15:30'],
    ['2026-08-03', future, '09:15-15:40'],
    ['2026-08-03', instrument('BFO', 'SENSEX26DECFUT', contract('SENSEX')), '09:15-15:40'],
    // The United States change their clocks on 8 March and 1 November 2026, both Sundays.
    ['2026-03-06', gold, '09:00-23:55'],
    ['2026-03-09', gold, '09:00-23:30'],
    ['2026-10-30', gold, '09:00-23:30'],
    ['2026-11-02', gold, '09:00-23:55'],
    ['2026-11-24', gold, '17:00-23:55'],
    ['2026-04-14', gold, '17:00-23:30'],
    ['2026-01-01', gold, '09:00-17:00'],
    ['2026-12-25', gold, 'shut: holiday: Christmas'],
    ['2026-11-30', instrument('MCX', 'COTTON', contract('COTTON')), '09:00-21:00'],
    ['2026-11-30', instrument('MCX', 'MENTHAOIL', contract('MENTHAOIL')), '09:00-17:00'],
    [
      '2026-11-24',
      instrument('MCX', 'MENTHAOIL', contract('MENTHAOIL')),
      'shut: Prakash Gurpurb Sri Guru Nanak Dev: evening session only',
    ],
    ['2026-11-30', instrument('CDS', 'USDINR', contract('USDINR')), '09:00-17:00'],
    ['2026-08-26', instrument('CDS', 'USDINR', contract('USDINR')), 'shut: holiday: Id-E-Milad'],
    ['2026-08-26', reliance, '09:15-15:15+auction'],
    ['2026-02-01', reliance, '09:15-15:30'],
    ['2027-01-04', gold, '09:00-23:55?'],
    ['2026-11-30', instrument('NCDEX', 'CASTOR'), '09:15-15:15+auction?'],
  ])('%s %o are %s', (date, of, expected) => expect(hours(shipped, date, of)).toBe(expected)); // prettier-ignore

  it('of a closed list are covered by the rule of the weekday, and others are a guess', () => {
    const user = { NSE: { days: {}, covered: [{ from: '2027-01-01', to: '2027-12-31' }] } };
    const own = new TradingCalendar(user);
    expect(hours(own, '2027-01-04', reliance)).toBe('09:15-15:15+auction');
    expect(hours(own, '2027-01-02', reliance)).toBe('shut: Saturday');
    expect(hours(own, '2028-01-03', reliance)).toBe('09:15-15:15+auction?');
    expect(own.of('NSE').covered.to).toBe('2027-12-31');
    // A list that leaves a gap does not extend what is covered, and its own year is.
    const later = new TradingCalendar({
      NSE: { days: {}, covered: [{ from: '2028-01-01', to: '2028-12-31' }] },
    });
    expect(later.of('NSE').covered.to).toBe('2026-12-31');
    expect(hours(later, '2028-01-03', reliance)).toBe('09:15-15:15+auction');
  });

  it("are the user's where both have a day, but for a special day without hours", () => {
    const day = (more: object): object => ({ source: 'list', ...more });
    const text = JSON.stringify({
      version: 1,
      segments: {
        MCX: {
          covered: [],
          days: {
            '2026-12-24': day({ shut: 'own' }),
            '2026-12-25': day({ reason: 'own', continuous: ['10:00', '11:00'] }),
            '2026-12-28': day({ reason: 'own', closes: '12:00' }),
            '2026-02-01': day({ unknown: 'Budget' }),
            '2027-11-08': day({ unknown: 'Diwali' }),
          },
        },
      },
    });
    const own = new TradingCalendar(parseUserDays(text, 'file'));
    expect(
      ['2026-12-24', '2026-12-25', '2026-12-28', '2026-02-01', '2027-11-08'].map((date) =>
        hours(own, date, gold),
      ),
    ).toEqual(['shut: holiday: own', '10:00-11:00', '09:00-12:00', '09:00-17:00', '09:00-23:55?']);
    expect(parseUserDays(userDaysText(own.user), 'file')).toEqual(own.user);
  });
});

describe('the end of the calendar', () => {
  it.each([
    ['2026-11-30', undefined],
    ['2026-12-01', 'ends in 30 days, on 2026-12-31'],
    ['2026-12-31', 'ends today, 2026-12-31'],
    ['2027-01-01', 'ended on 2026-12-31'],
  ])('is said on %s: %s', (date, said) => {
    const [sentence] = shipped.endings(['NSE', 'NFO'], date) as (string | undefined)[];
    if (said === undefined) expect(sentence).toBeUndefined();
    else expect(sentence).toContain(`The trading calendar of NSE, NFO ${said}`);
  });

  it('is the first midnight after it, of the calendar that ends first', () => {
    expect(shipped.endMs(['NSE', 'NFO'])).toBe(istMs('2027-01-01', '00:00'));
    const longer = new TradingCalendar({
      NSE: { days: {}, covered: [{ from: '2027-01-01', to: '2027-12-31' }] },
    });
    expect(longer.endMs(['NSE'])).toBe(istMs('2028-01-01', '00:00'));
    expect(longer.endMs(['NFO', 'NSE'])).toBe(istMs('2027-01-01', '00:00'));
    expect(shipped.endMs([])).toBeUndefined();
  });
});

describe('a run of several segments', () => {
  const both = [instrument('NSE', 'RELIANCE'), instrument('MCX', 'GOLD', { ...contract('GOLD'), index: 1 })];
  const at = (date: string, time: string, mayWait = false, lastsMs = 15 * 60_000) =>
    hoursAt(shipped, both, { nowMs: istMs(date, time), mayWait, lastsMs });

  it('begins when one trades and the others open before its end', () => {
    const { sessions, opensMs, notes } = at('2026-11-30', '09:05');
    expect(opensMs).toBeUndefined();
    expect(notes).toEqual(['NSE (RELIANCE) opens during the run, 2026-11-30T09:15:00+05:30.']);
    expect([...sessions.values()].map(({ closeMs }) => istStamp(closeMs).slice(11, 16))).toEqual([
      '15:15',
      '23:55',
    ]);
    expect(() => at('2026-11-30', '09:05', false, 5 * 60_000)).toThrow(
      "NSE (RELIANCE) opens 2026-11-30T09:15:00+05:30, after this run's end",
    );
  });

  it('names those that have closed, or waits for all of them', () => {
    expect(() => at('2026-11-30', '18:00')).toThrow(
      'NSE (RELIANCE) is shut at 2026-11-30T18:00:00+05:30 (after the close) and opens 2026-12-01T09:15:00+05:30',
    );
    const { opensMs } = at('2026-11-30', '18:00', true);
    expect(istStamp(opensMs!)).toBe('2026-12-01T09:00:00+05:30');
    // On 24 November only the evening of MCX trades, so the run waits for the 25th.
    expect(istDate(at('2026-11-23', '23:58', true).opensMs!)).toBe('2026-11-25');
  });
});
