import { describe, expect, it } from 'vitest';
import {
  clockCheck,
  coresCheck,
  diskCheck,
  marketCheck,
  nodeCheck,
} from '../../../src/commands/doctor/machine.js';
import { istMs } from '../../../src/market/session.js';
import { shippedCalendar } from '../../../src/market/trading-calendar.js';

describe('the checks of the machine', () => {
  it.each([
    ['20.19.0', 'pass'],
    ['20.18.3', 'fail'],
    ['18.20.0', 'fail'],
    ['22.1.0', 'pass'],
    ['23.11.0', 'warn'],
    ['24.0.0', 'pass'],
    ['26.10.0', 'pass'],
    ['27.0.0', 'warn'],
  ])('Node %s: %s', (version, status) => expect(nodeCheck(version, 'linux x64').status).toBe(status));

  it.each([
    [0, 'pass'],
    [1999, 'pass'],
    [-2000, 'warn'],
    [14_999, 'warn'],
    [-15_000, 'fail'],
  ])('a clock %i ms ahead: %s', (aheadMs, status) => expect(clockCheck(aheadMs).status).toBe(status));

  it.each([
    [100 * 2 ** 20, 'fail'],
    [500 * 2 ** 20, 'warn'],
    [5 * 2 ** 30, 'pass'],
  ])('%i bytes free: %s', (free, status) => expect(diskCheck(free, '/data').status).toBe(status));

  it('one core is a warning', () =>
    expect([coresCheck(1).status, coresCheck(2).status]).toEqual(['warn', 'pass']));

  it.each([
    ['2026-11-23', '11:00', /^open until 2026-11-23T15:15/],
    ['2026-11-24', '11:00', /^shut .*holiday.*opens 2026-11-25T09:15/],
    ['2026-11-23', '08:00', /^shut .*opens 2026-11-23T09:15/],
    ['2026-11-21', '11:00', /^shut .*Saturday.*opens 2026-11-23T09:15/],
  ])('the market on %s at %s', (date, time, observed) => {
    const check = marketCheck(shippedCalendar(), istMs(date, time));
    expect(check.observed).toMatch(observed);
    expect(check.status).toBe('pass');
  });

  it('warns of a calendar that ends soon, and of one that has ended', () => {
    const { to } = shippedCalendar().of('NSE').covered;
    const soon = marketCheck(shippedCalendar(), istMs(to, '12:00') - 30 * 86_400_000);
    expect(soon.status).toBe('warn');
    expect(soon.remedy).toMatch(/^The trading calendar of NSE.* ends in 30 days, on /);
    expect(marketCheck(shippedCalendar(), istMs(to, '12:00') - 31 * 86_400_000).remedy ?? '').not.toMatch(
      /NSE/,
    );
  });

  it('warns of hours that are assumed', () =>
    expect(marketCheck(shippedCalendar(), istMs('2031-01-06', '11:00')).status).toBe('warn'));
});
