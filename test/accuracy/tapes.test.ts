/** Bars of tapes, and that docs/accuracy.md has the figures of docs/accuracy.json. */
import { readFileSync } from 'node:fs';
import { expect, describe, it } from 'vitest';
import { HIDDEN } from '../../src/reconcile/hidden-data.js';
import { shipped } from '../../src/paths.js';
import type { Tape } from '../../src/sim/tape.js';
import { calendarDay } from './days.js';
import { withTapes, type Stored } from './document.js';
import type { Frame } from './market.js';
import { oracleBars } from './oracle.js';
import { nameOf, TapeAccuracy } from './tapes.js';

/** `seconds` of trades `everyMs` apart, at prices that wander by a few ticks. */
function tapeOf(everyMs: number, seconds: number): Tape {
  const count = Math.floor((1000 * seconds) / everyMs);
  return {
    offsetMs: Float64Array.from({ length: count }, (_, k) => 37 + k * everyMs),
    cents: Float64Array.from({ length: count }, (_, k) => 13_000 + ((k * 7) % 23) - ((k * 5) % 11)),
    quantity: Float64Array.from({ length: count }, (_, k) => 1 + ((k * 3) % 8)),
    digest: '',
  };
}

function cellsOf(tape: Tape): ReturnType<TapeAccuracy['table']>['cells'] {
  const accuracy = new TapeAccuracy();
  accuracy.add('X', 'x.csv', tape);
  return accuracy.table('', '').cells;
}

describe('tapes', () => {
  it("whose every trade is in a packet have exact bars, ours and the oracle's", () => {
    const cells = cellsOf(tapeOf(1500, 600)).filter(
      ({ mode, maker }) => mode === 'snapquote' && maker !== 'naive',
    );
    expect(cells).toHaveLength(4);
    for (const { minutes, prices, volume } of cells) {
      expect(minutes).toBe(9);
      expect(Object.values(prices)).toEqual(Array(4).fill({ exact: 9, sum: 0 }));
      expect(volume.error).toBe(0);
    }
  });

  it("whose trades are hidden have the oracle's bars in SnapQuote mode, and not the true ones", () => {
    const cells = cellsOf(tapeOf(110, 1200)).filter(({ mode }) => mode === 'snapquote');
    for (const ours of cells.filter(({ maker }) => maker === 'tickshard')) {
      const oracle = cells.find(({ maker, rate }) => maker === 'oracle' && rate === ours.rate)!;
      expect(ours.prices).toEqual(oracle.prices);
      expect(ours.volume).toEqual(oracle.volume);
      expect(ours.prices.open.exact).toBeLessThan(ours.minutes);
    }
  });

  it('have names', () => {
    expect(['btcusdt-spot-20240809.csv.gz', 'spy-20131008-P.csv.gz', 'x.csv'].map(nameOf)).toEqual([
      'BTC',
      'SPY',
      'X',
    ]);
  });
});

describe('the oracle', () => {
  const { session } = calendarDay('2026-11-23');
  const frame = (seconds: number, tradedS: number, price: number, volume: number, range: number[]): Frame => {
    const [dayLow, dayHigh] = range;
    const at = (second: number): number => session.openMs + 1000 * second;
    return { madeMs: at(seconds), arrivedMs: at(seconds), tradedMs: at(tradedS), price, quantity: 1, averagePrice: price, volume, dayOpen: 100, dayHigh, dayLow };
  }; // prettier-ignore

  it('takes a trade in its own minute, and an extreme only if it lies in one minute', () => {
    const bars = oracleBars(session, [
      frame(10, 9, 100, 5, [100, 100]),
      frame(20, 18, 101, 8, [100, 104]),
      frame(61, 59, 102, 9, [98, 104]),
      frame(63, 62, 103, 12, [98, 110]),
      frame(64, 62, 103, 12, [98, 110]),
    ]);
    expect(bars.get(0)).toEqual({ open: 100, high: 104, low: 98, close: 102, volume: 9 });
    expect(bars.get(1)).toEqual({ open: 103, high: 110, low: 103, close: 103, volume: 3 });
    const astride = oracleBars(session, [
      frame(50, 49, 100, 5, [100, 100]),
      frame(62, 61, 103, 12, [90, 110]),
    ]);
    expect(astride.get(1)).toEqual({ open: 103, high: 103, low: 103, close: 103, volume: 7 });
  });
});

describe('docs/accuracy.md', () => {
  it('has the figures of docs/accuracy.json and src/reconcile/hidden-data.ts', () => {
    const json = readFileSync(shipped('docs/accuracy.json'), 'utf8');
    const written = withTapes(JSON.parse(json) as Stored, HIDDEN);
    expect(readFileSync(shipped('docs/accuracy.md'), 'utf8')).toBe(written.page);
    expect(json).toBe(written.json);
  });
});
