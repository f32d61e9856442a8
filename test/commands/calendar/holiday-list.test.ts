/** Lists of holidays as they are published, the user's own days, and files that are neither. */
import { describe, expect, it } from 'vitest';
import { dateOf, readDays } from '../../../src/commands/calendar/holiday-list.js';
import { mergeDays } from '../../../src/commands/calendar/merge.js';
import type { Segment } from '../../../src/market/instrument.js';
import { shippedCalendar, TradingCalendar } from '../../../src/market/trading-calendar.js';

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];
/** Nine Mondays of 2027: a date less than a whole list has. */
const year = NAMES.map((description, k) => ({
  tradingDate: new Date(Date.UTC(2027, 0, 4 + 28 * k)).toUTCString().slice(5, 16).replaceAll(' ', '-'),
  weekDay: 'Monday',
  description,
}));
const diwali = { tradingDate: '29-Oct-2027', weekDay: 'Friday ', description: ' Diwali Laxmi\n Pujan* ' };
const read = (text: string, segments?: readonly Segment[]) => readDays(text, { name: 'file', segments });

describe("NSE's list", () => {
  it('is by segment: CM also for BSE, FO also for BFO; a year with ten dates is covered', () => {
    const { days, notes } = read(JSON.stringify({ CM: [...year, diwali], FO: year, COM: year, MF: [] }));
    expect(Object.keys(days)).toEqual(['NSE', 'BSE', 'NFO', 'BFO']);
    expect(days.NSE!.covered).toEqual([{ from: '2027-01-01', to: '2027-12-31' }]);
    expect(days.NSE!.days['2027-01-04']).toEqual({ shut: 'a', source: 'file, CM' });
    expect(days.NSE!.days['2027-10-29']).toEqual({ unknown: 'Diwali Laxmi Pujan', source: 'file, CM' });
    expect(days.NFO!.covered).toEqual([]);
    expect(notes).toContain('Left out: COM, MF.');
  });

  it('of commodities has half days, and is for MCX only when asked', () => {
    const rows = [
      { ...year[0], morning_session: 'Closed', evening_session: 'Open' },
      { ...year[1], morning_session: 'Open', evening_session: 'Closed' },
      { ...year[2], morning_session: 'Closed', evening_session: 'Closed' },
    ];
    const { days } = read(JSON.stringify({ COM: rows }), ['MCX']);
    expect(Object.values(days.MCX!.days).map((day) => Object.keys(day)[1])).toEqual([
      'opens',
      'closes',
      'source',
    ]);
    expect(() => read(JSON.stringify({ COM: rows }))).toThrow('has none of the segments CM, FO, CD');
  });

  it('as CSV has quotes, line ends in its header, and dates in words', () => {
    const rows = ['1,"04-Jan-2027","Monday","x, y"', '2,"January 26, 2027",Tuesday,z', '', ''];
    const csv = ['\ufeff"Sr. No \n","Date \n","Day \n","Description \n"', ...rows].join('\r\n');
    const { days } = read(csv);
    expect(Object.keys(days)).toEqual(['NSE', 'BSE', 'NFO', 'BFO']);
    expect(days.BFO!.days).toEqual({
      '2027-01-04': { shut: 'x, y', source: 'file, line 6' },
      '2027-01-26': { shut: 'z', source: 'file, line 7' },
    });
    expect(Object.keys(read('Date;Description\n04-Jan-2027;x\n', ['CDS']).days)).toEqual(['CDS']);
  });

  it.each([
    ['26-Jan-2027', '2027-01-26'],
    ['26 January 2027', '2027-01-26'],
    ['January 26, 2027', '2027-01-26'],
    ['26/01/2027', '2027-01-26'],
    ['2027-01-26', '2027-01-26'],
    ['31-Feb-2027', undefined],
    ['26-Jan-27', undefined],
    ['', undefined],
  ])('reads the date %j as %s', (text, date) => expect(dateOf(text)).toBe(date));
});

describe('a file of own days', () => {
  it('has days with segments, and what is covered', () => {
    const { days } = read(
      JSON.stringify({
        days: [
          { date: '2027-02-01', segments: ['NSE'], reason: 'Budget', continuous: ['09:15', '15:30'] },
          { date: '2027-02-02', shut: 'own' },
        ],
        covered: [{ from: '2027-01-01', to: '2027-12-31', segments: ['MCX'] }],
      }),
    );
    expect(Object.keys(days.NSE!.days)).toEqual(['2027-02-01', '2027-02-02']);
    expect(Object.keys(days.BFO!.days)).toEqual(['2027-02-02']);
    expect(days.MCX!.covered).toHaveLength(1);
  });
});

it.each<[string, string, (readonly Segment[])?]>([
  ['', 'file is empty.'],
  ['<!DOCTYPE html>', 'file is a web page, not the list'],
  ['{"CM":', 'file is no JSON ('],
  ['[]', 'file is a list, where'],
  ['{"CM":[]}', 'file has no list of days in CM.'],
  ['{"CM":[5]}', 'file has no date that can be read in CM[0]'],
  [
    JSON.stringify({ CM: [{ ...diwali, weekDay: 'Monday' }] }),
    'file calls 2027-10-29 a monday in CM[0], and it is a friday',
  ],
  [JSON.stringify({ CM: [{ ...diwali, description: ' ' }] }), 'file has no description of 2027-10-29'],
  [JSON.stringify({ CM: year }), 'that --segments MCX asks for', ['MCX']],
  ['hello', 'file is neither JSON nor a CSV'],
  ['Date,Description\n', 'file has no row below its header.'],
  ['Date,Description\n"4-Jan', 'file has a row in line 2 that is cut off.'],
  ['{"days":[]}', 'file has no list `days`'],
  ['{"days":[{"date":"4-Jan"}]}', 'file needs a date YYYY-MM-DD in days[0].'],
  ['{"days":[{"date":"2027-01-04"}]}', 'file needs, in days[0], one of `shut`, `unknown` and `reason`'],
  ['{"days":[{"date":"2027-01-04","reason":"x"}]}', 'file needs, in days[0], `continuous` with two times'],
  ['{"days":[{"date":"2027-01-04","shut":"x","segments":["XX"]}]}', 'file needs `segments` in days[0]'],
])('%j is refused: %s', (text, sentence, segments) => {
  expect(() => read(text, segments)).toThrow(sentence);
});

it('conflicts with earlier and shipped days are said, and the newer day wins', () => {
  const first = mergeDays(shippedCalendar(), {
    NSE: { covered: [], days: { '2026-12-25': { reason: 'own', opens: '10:00', source: 'one' } } },
  });
  expect(first.conflicts).toEqual([
    'NSE 2026-12-25: now open from 10:00 (own); the shipped calendar has it shut (Christmas).',
  ]);
  const second = mergeDays(new TradingCalendar(first.days), {
    NSE: { covered: [], days: { '2026-12-25': { shut: 'Christmas', source: 'two' } } },
  });
  expect(second.conflicts).toEqual([
    'NSE 2026-12-25: now shut (Christmas); one had it open from 10:00 (own).',
  ]);
  expect(second.days.NSE!.days['2026-12-25']).toEqual({ shut: 'Christmas', source: 'two' });
});
