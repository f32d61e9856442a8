import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  Calendar,
  inContinuous,
  istDate,
  istMinute,
  istMs,
  istStamp,
  MINUTE_MS,
  tailMsOf,
} from '../../src/market/session.js';
import { shipped } from '../../src/paths.js';
import { shippedCalendar } from '../../src/market/trading-calendar.js';

const calendar = shippedCalendar().of('NSE');

function session(date: string, derivatives: boolean) {
  const day = calendar.day(date, derivatives);
  if (day.kind === 'shut') throw new Error(`${date} is shut: ${day.reason}`);
  return day.session;
}

describe('times', () => {
  it('are IST, whatever the machine thinks', () => {
    const open = Date.UTC(2026, 10, 23, 3, 45);
    expect(istMs('2026-11-23', '09:15')).toBe(open);
    expect(istMs('2026-11-23', '09:15:30')).toBe(open + 30_000);
    expect(istMinute(open)).toBe('09:15');
    expect(istStamp(open)).toBe('2026-11-23T09:15:00+05:30');
    // The last instant of an IST date, and the first one of the next.
    expect(istDate(Date.UTC(2026, 10, 23, 18, 29, 59, 999))).toBe('2026-11-23');
    expect(istDate(Date.UTC(2026, 10, 23, 18, 30))).toBe('2026-11-24');
  });
});

describe('the calendar', () => {
  it('has 375 continuous minutes and no auction until 2026-07-31', () => {
    for (const derivatives of [true, false]) {
      const { openMs, closeMs, auction } = session('2026-07-31', derivatives);
      expect([istMinute(openMs), istMinute(closeMs)]).toEqual(['09:15', '15:30']);
      expect((closeMs - openMs) / MINUTE_MS).toBe(375);
      expect(auction).toBeUndefined();
    }
  });

  it('has 360 minutes and an auction for stocks with derivatives since 2026-08-03, and the old hours for others', () => {
    const { openMs, closeMs, auction } = session('2026-08-03', true);
    expect((closeMs - openMs) / MINUTE_MS).toBe(360);
    expect([auction!.fromMs, auction!.toMs, auction!.labelMs].map(istMinute)).toEqual([
      '15:28',
      '15:35',
      '15:29',
    ]);
    expect((session('2026-08-03', false).closeMs - openMs) / MINUTE_MS).toBe(375);
    expect(session('2026-08-03', false).auction).toBeUndefined();
  });

  it('is shut on holidays and at weekends, and says why', () => {
    expect(calendar.day('2026-11-24', true)).toEqual({
      kind: 'shut',
      reason: 'holiday: Prakash Gurpurb Sri Guru Nanak Dev',
    });
    expect(calendar.day('2026-11-21', true)).toEqual({ kind: 'shut', reason: 'Saturday' });
    expect(calendar.day('2026-11-22', true)).toEqual({ kind: 'shut', reason: 'Sunday' });
    // The weekend between the two regimes, which no row covers.
    expect(calendar.day('2026-08-01', true).kind).toBe('shut');
  });

  it('knows what it does not know: dates beyond its data, and special sessions', () => {
    const far = calendar.day('2027-01-04', true);
    expect(far.kind).toBe('unknown');
    expect(far.kind === 'unknown' && far.reason).toContain('2026-12-31');
    expect(far.kind === 'unknown' && istMinute(far.session.closeMs)).toBe('15:15');
    const early = calendar.day('2009-06-01', true);
    expect(early.kind === 'unknown' && istMinute(early.session.closeMs)).toBe('15:30');
    const muhurat = calendar.day('2026-11-08', true);
    expect(muhurat.kind === 'unknown' && muhurat.reason).toContain('Muhurat');
    expect(calendar.day('2026-12-31', true).kind).toBe('open');
  });

  it('finds the next opening over a weekend and a holiday', () => {
    const next = (date: string, time: string): string | undefined => {
      const ms = calendar.nextOpenMs(istMs(date, time), true);
      return ms === undefined ? undefined : istStamp(ms).slice(0, 16);
    };
    expect(next('2026-11-23', '08:00')).toBe('2026-11-23T09:15');
    expect(next('2026-11-23', '09:15')).toBe('2026-11-23T09:15');
    expect(next('2026-11-23', '09:16')).toBe('2026-11-25T09:15');
    expect(next('2026-11-20', '16:00')).toBe('2026-11-23T09:15');
  });
});

describe('a file that is no calendar', () => {
  const hours = { from: '2009-01-01', appliesTo: 'all', continuous: ['09:15', '15:30'] };
  const good = {
    regular: [hours],
    holidays: { '2026-11-24': 'a reason' },
    special: {},
    coveredUntil: '2026-12-31',
  };
  const made = (data: unknown): Calendar =>
    Calendar.parse(typeof data === 'string' ? data : JSON.stringify(data), 'file');

  it('differs from one that is', () => {
    expect(made(good).day('2026-11-24', true)).toEqual({ kind: 'shut', reason: 'holiday: a reason' });
  });

  const auction = { window: ['15:28', '15:35'], label: '15:29' };

  it.each<[string, unknown]>([
    ...[-1, 1.5, 10_001, '2000', null].map((tailMs): [string, unknown] => [
      `file: regular[0].tailMs is ${JSON.stringify(tailMs)}; it needs a whole number of ms from 0 to 10000.`,
      { ...good, regular: [{ ...hours, tailMs }] },
    ]),
    [
      'file: special["2026-11-08"].tailEvidence is 5; it needs a reason of one line, at most 200 characters.',
      { ...good, special: { '2026-11-08': { ...hours, reason: 'Muhurat', tailMs: 0, tailEvidence: 5 } } },
    ],
    ['file is no JSON (', '{ "regular": ['],
    ['file: the file is null; it needs an object.', null],
    ['file: regular is {}; it needs a list of hours.', { ...good, regular: {} }],
    ['file: regular[1] is "hours"; it needs an object.', { ...good, regular: [hours, 'hours'] }],
    [
      'file: regular[0].continuous is ["15:30","09:15"]; it needs two times HH:mm, the earlier one first.',
      { ...good, regular: [{ ...hours, continuous: ['15:30', '09:15'] }] },
    ],
    [
      'file: regular[0].continuous is ["9:15","15:30"]; it needs',
      { ...good, regular: [{ ...hours, continuous: ['9:15', '15:30'] }] },
    ],
    [
      'file: regular[0].from is "2026-02-30"; it needs a date YYYY-MM-DD.',
      { ...good, regular: [{ ...hours, from: '2026-02-30' }] },
    ],
    [
      'file: regular[0].to is "2008-12-31"; it needs a date YYYY-MM-DD not before `from`.',
      { ...good, regular: [{ ...hours, to: '2008-12-31' }] },
    ],
    [
      'file: regular[0].appliesTo is absent; it needs `all`, `derivatives`, `others` or `indices`.',
      { ...good, regular: [{ from: '2009-01-01', continuous: ['09:15', '15:30'] }] },
    ],
    [
      'file: regular[0].auction.label is "25:00"; it needs a time',
      {
        ...good,
        regular: [{ ...hours, continuous: ['09:15', '15:15'], auction: { ...auction, label: '25:00' } }],
      },
    ],
    [
      'file: regular[0].auction.window is ["15:28","15:35"]; it needs two times HH:mm, the earlier one first, after the continuous trading.',
      { ...good, regular: [{ ...hours, auction }] },
    ],
    [
      'file: regular is ["derivatives"]; it needs hours for stocks without derivatives.',
      { ...good, regular: [{ ...hours, appliesTo: 'derivatives' }] },
    ],
    [
      'file: regular[1] is "2026-08-03"; it needs dates that regular[0] does not have already for the same stocks.',
      { ...good, regular: [hours, { ...hours, from: '2026-08-03', appliesTo: 'others' }] },
    ],
    [
      'file: holidays["2026-11-24"] is "two\\nlines"; it needs a reason of one line',
      { ...good, holidays: { '2026-11-24': 'two\nlines' } },
    ],
    [
      'file: holidays is "24.11.2026"; it needs dates YYYY-MM-DD.',
      { ...good, holidays: { '24.11.2026': 'a reason' } },
    ],
    [
      'file: special["2026-11-08"].continuous is absent; it needs two times',
      { ...good, special: { '2026-11-08': { reason: 'Muhurat' } } },
    ],
    ['file: coveredUntil is "for ever"; it needs a date', { ...good, coveredUntil: 'for ever' }],
  ])('%s', (what, data) => {
    expect(() => made(data)).toThrow(
      expect.objectContaining({ code: 'CONFIG', message: expect.stringContaining(what) as string }) as Error,
    );
  });

  it('a value nested deeper than any stack is refused as others are', () => {
    expect(() =>
      Calendar.parse(`{ "regular": [${'['.repeat(100_000)}${']'.repeat(100_000)}] }`, 'file'),
    ).toThrow('file: regular[0] is a list; it needs an object.');
  });

  it('what is wrong with a long value is shown cut', () => {
    const thrown = (): Calendar => made({ ...good, coveredUntil: 'x'.repeat(100_000) });
    expect(thrown).toThrow(/^file: coveredUntil is "x{79}…; it needs a date YYYY-MM-DD\.$/);
  });
});

it('a special session has hours once somebody has written them down, also on a Sunday', () => {
  const data = {
    regular: [{ from: '2009-01-01', appliesTo: 'all', continuous: ['09:15', '15:30'] }],
    holidays: {},
    special: { '2026-11-08': { reason: 'Muhurat', continuous: ['18:15', '19:15'] } },
    coveredUntil: '2026-12-31',
  };
  const day = Calendar.parse(JSON.stringify(data)).day('2026-11-08', true);
  expect(day).toEqual({
    kind: 'open',
    session: {
      date: '2026-11-08',
      openMs: istMs('2026-11-08', '18:15'),
      closeMs: istMs('2026-11-08', '19:15'),
      auction: undefined,
    },
  });
});

describe('the tail', () => {
  const text = readFileSync(shipped('data/sessions/nse-sessions.json'), 'utf8');

  it('is 2 s in each shipped row, which says whether that was measured', () => {
    const { regular } = JSON.parse(text) as { regular: { tailMs: number; tailEvidence: string }[] };
    expect(regular.map(({ tailMs, tailEvidence }) => [tailMs, tailEvidence.split(' ')[0]])).toEqual([
      [2000, 'measured'],
      [2000, 'extrapolated'],
      [2000, 'extrapolated'],
      [2000, 'measured'],
    ]);
    for (const derivatives of [true, false])
      for (const date of ['2026-07-31', '2026-11-23', '2026-11-08'])
        expect(tailMsOf(session(date, derivatives))).toBe(2000);
  });

  it('is 2 s where hours do not say, as in a special session, and what they say where they do', () => {
    const hours = { reason: 'Muhurat', continuous: ['18:15', '19:15'] };
    const tailOn = (special: object): number => {
      const day = Calendar.parse(
        JSON.stringify({ ...JSON.parse(text), special: { '2026-11-08': special } }),
      ).day('2026-11-08', true);
      return day.kind === 'open' ? tailMsOf(day.session) : NaN;
    };
    expect(tailOn(hours)).toBe(2000);
    expect(tailOn({ ...hours, tailMs: 0 })).toBe(0);
    expect(tailOn({ ...hours, tailMs: 1500, auction: { window: ['19:15', '19:20'], label: '19:15' } })).toBe(
      0,
    );
  });
});

describe('windows are half-open', () => {
  const at = (time: string): number => istMs('2026-11-23', time);
  const today = session('2026-11-23', true);
  it.each([
    [at('09:15') - 1, false],
    [at('09:15'), true],
    [at('15:15') - 1, true],
    [at('15:15'), false],
    [at('15:28'), false],
  ])('%i: continuous %s', (ms, continuous) => {
    expect(inContinuous(today, ms)).toBe(continuous);
  });
});
