/** Numbers and times on the page. */
import { describe, expect, it } from 'vitest';
import { clockText } from '../../src/text/duration.js';
import {
  age,
  change,
  count,
  day,
  micros,
  millis,
  minute,
  number,
  rate,
  rupees,
  second,
} from '../../src/page/format.js';

const AT = Date.UTC(2026, 10, 23, 5, 40, 3);

describe('the page formats', () => {
  it('Indian times, and a dash for a number that is no time', () => {
    expect([second(AT), minute(AT), day(AT), second(null), minute(Number.NaN), day(9e15)]).toEqual([
      '11:10:03',
      '11:10',
      '2026-11-23',
      '–',
      '–',
      '–',
    ]);
  });

  it('prices and numbers with Indian digit groups', () => {
    expect([rupees(1234567.5), rupees(null), number(111233), number(null)]).toEqual([
      '12,34,567.50',
      '–',
      '1,11,233',
      '–',
    ]);
  });

  it('changes with a sign', () => {
    expect([change(101, 100), change(99.5, 100), change(100, 100), change(1, 0), change(null, 1)]).toEqual([
      '+1.00 %',
      '−0.50 %',
      '0.00 %',
      '–',
      '–',
    ]);
  });

  it('rates, ages and durations in the unit that keeps them short', () => {
    expect([rate(0.25), rate(12.4), age(-5), age(1500), age(42_000), age(600_000), age(7_200_000)]).toEqual([
      '0.3',
      '12',
      '0.0 s',
      '1.5 s',
      '42 s',
      '10 min',
      '2.0 h',
    ]);
    expect([
      micros(31),
      micros(1500),
      micros(25_000),
      micros(2_500_000),
      micros(null),
      millis(0.4),
      millis(null),
    ]).toEqual(['31 µs', '1.5 ms', '25 ms', '2.5 s', '–', '400 µs', '–']);
    expect([clockText(7.5), clockText(-1), count(1, 'gate'), count(2, 'gate')]).toEqual([
      '7:30',
      '0:00',
      '1 gate',
      '2 gates',
    ]);
  });
});
