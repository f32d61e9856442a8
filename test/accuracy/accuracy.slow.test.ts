/**
 * The accuracy table of a few symbols, one seed and both regimes must meet the targets of `npm run accuracy`. Broken on
 * purpose and caught: no slack at the edges, no slack at the session's end, slack of the later minute only, an anchor
 * at the last trade's time, and SnapQuote minutes by the time of the frame.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { HIDDEN } from '../../src/reconcile/hidden-data.js';
import { niftyFifty } from '../../src/run/universe.js';
import { perTier, turn } from '../volume.js';
import { calendarDay, DAYS } from './days.js';
import { documentOf } from './document.js';
import { Accuracy, missed, MODES, RATES, ratesOf, type Table } from './table.js';

let table: Table;
/** Twice the standard deviation of the share in 3,000 minutes, a tenth of which differ between the methods. */
const CHANCE = 0.012;
const symbols = niftyFifty().slice(0, perTier(4, 4, 16));

beforeAll(async () => {
  const accuracy = new Accuracy();
  for (const { seed, date } of DAYS.slice(0, 2)) {
    const { session, previousDate } = calendarDay(date);
    for (const listing of symbols) {
      accuracy.add({ seed: seed + 10, listing, session, previousDate });
      await turn();
    }
  }
  table = accuracy.table;
});

describe('candles compared with the true trades', () => {
  it('meet every target', () => {
    expect(missed(table, CHANCE)).toEqual([]);
  });

  it('cover every minute of both regimes: 360 and the auction, and 375', () => {
    const minutes = symbols.length * (360 + 1 + 375);
    const [first] = table.cells;
    const traded = first.minutes + first.missing;
    // A minute may be without a trade.
    expect(minutes - traded).toBeLessThanOrEqual(0.001 * minutes);
    for (const { minutes: seen, missing, invented } of table.cells) {
      expect(seen + missing).toBe(traded);
      expect(invented).toBeLessThanOrEqual(minutes - traded);
    }
    expect(table.cells.length).toBe(2 * MODES.flatMap(ratesOf).length);
  });

  it('show what conflation hides: no method is always exact, and more frames are more exact', () => {
    for (const mode of MODES) {
      const highs = RATES.map(
        (rate) =>
          table.cells.find((cell) => cell.mode === mode && cell.rate === rate && cell.maker === 'tickshard')!
            .prices.high.exact,
      );
      expect(highs).toEqual([...highs].sort((a, b) => a - b));
      expect(highs.at(-1)).toBeLessThan(symbols.length * 736);
    }
  });

  it('a table that misses a target says so', () => {
    const worse = table.cells.map((cell) =>
      cell.maker === 'tickshard' && cell.mode === 'snapquote'
        ? { ...cell, best: cell.best - 40, bound: { ...cell.bound, within: cell.bound.within - 20 } }
        : cell,
    );
    const failures = missed({ ...table, cells: worse }, CHANCE);
    expect(failures.length).toBe(2 * ratesOf('snapquote').length);
    expect(
      documentOf(table, failures, { days: [], symbols: 4, date: '2026-11-26', machine: 'this' }, HIDDEN),
    ).toContain(`- MISSED: ${failures[0]}`);
  });
});
