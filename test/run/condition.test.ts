/** What the metrics tell a run's operator. */
import { expect, it } from 'vitest';
import { istMs } from '../../src/market/session.js';
import { conditionOf } from '../../src/run/condition.js';
import { goodFacts } from '../gates/facts.js';
import { at, DATE, INSTRUMENTS, instrumentsOf, sessionOf } from '../listed.js';

const plan = {
  instruments: instrumentsOf(INSTRUMENTS).slice(0, 2),
  sessionOf,
  calendarEndMs: istMs(DATE, '00:00'),
};
const facts = goodFacts();

it.each([
  ['09:14', false],
  ['09:15', true],
  ['15:14', true],
  // The feed is silent before the auction's print, which is no fault.
  ['15:20', false],
  ['15:29', false],
  ['15:36', false],
])('at %s trading is continuous: %s', (time, trading) => {
  expect(conditionOf(plan, facts, at(time)).trading).toBe(trading);
});

it('has what is stored, what is not, and nothing that is not known', () => {
  const files = [
    { path: 'a', rows: 3, sha256: '' },
    { path: 'b', rows: 4, sha256: '' },
  ];
  const spoilt = { ...facts, output: { ...facts.output, files, refusing: 1 } };
  expect(conditionOf(plan, spoilt, at('11:00'))).toEqual({
    trading: true,
    refusing: 1,
    storedRows: 7,
    journalMissing: facts.journal?.missing,
    leastLagMs: 50,
    calendarEndMs: plan.calendarEndMs,
  });
  const early = { ...facts, journal: undefined, lag: undefined };
  expect(conditionOf({ ...plan, calendarEndMs: undefined }, early, at('11:00'))).toMatchObject({
    journalMissing: undefined,
    leastLagMs: undefined,
    calendarEndMs: undefined,
  });
});
