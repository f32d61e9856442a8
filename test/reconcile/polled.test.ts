/** Minutes that a back-fill polled are not judged, and are counted apart. */
import { expect, it } from 'vitest';
import { compareCandles } from '../../src/reconcile/comparison.js';
import { comparisonJson } from '../../src/reconcile/json.js';
import type { OurCandle } from '../../src/reconcile/minutes.js';
import { polledNotes, verdictLine, type ComparisonContext } from '../../src/reconcile/present.js';
import type { Side } from '../../src/reconcile/symbol-comparison.js';
import { judge } from '../../src/reconcile/verdict.js';
import { compareCandles as compareInLibrary } from '../../src/library/compare.js';
import { candleOf } from '../parquet/candles.js';

const whole = (minute: number): OurCandle => {
  const { candle, quality } = candleOf({ minute, volSlack: 0 });
  return { candle, quality, partial: false, source: 'continuous' };
};
/** As `compare` reads one from our files: the broker's, far from what its neighbours are. */
const polled = (minute: number): OurCandle => {
  const { candle, quality } = candleOf({ minute, close: 150, source: 'polled', gapMs: 30_000, revision: 1 });
  return { candle, quality, partial: true, source: 'polled' };
};
const side = (...candles: OurCandle[]): Side => ({ candles, volumeKind: 'traded', mode: 'snapquote' });
const context: ComparisonContext = {
  ours: { folder: 'ours', files: [] },
  reference: { folder: 'theirs', files: [] },
  notes: [],
  unexplainedPercent: 0.1,
  comparedWallMs: 0,
};

it('a polled minute is neither compared nor partial, whatever the reference says of it', () => {
  const ours = side(whole(0), polled(1), whole(2), polled(3), whole(4));
  // Of minute 3 the reference has nothing.
  const reference = side(...[0, 1, 2, 4].map(whole));
  const comparison = compareCandles([
    { symbol: 'RELIANCE', exchange: 'NSE', tickSizeRupees: 0.05, ours, reference },
  ]);
  const [symbol] = comparison.symbols;
  expect(symbol).toMatchObject({ compared: 3, polled: 2, partial: { minutes: 0 } });
  expect([symbol.missing, symbol.unseen]).toEqual([
    { ours: [], reference: [] },
    { ours: [], reference: [] },
  ]);
  expect(Object.values(symbol.causes).every((count) => count === 0)).toBe(true);
  const judgement = judge(comparison, []);
  expect(judgement.verdict).toBe('pass');
  expect(verdictLine(comparison, judgement, context)).toContain(
    'nor of the 2 minutes that a back-fill polled',
  );
  expect(polledNotes(comparison)).toEqual([
    '2 polled minutes are not judged: a back-fill took them from the broker, because a gap touched them.',
  ]);
  expect(comparisonJson(comparison, judgement, context)).toMatchObject({ symbols: [{ polled: 2 }] });
});

it('a symbol of which only polled minutes are there fails', () => {
  const comparison = compareCandles([
    { symbol: 'RELIANCE', exchange: 'NSE', tickSizeRupees: 0.05, ours: side(polled(0), polled(1)), reference: side(whole(0), whole(1)) },
  ]);
  expect(judge(comparison, [])).toMatchObject({ verdict: 'fail', reasons: expect.arrayContaining(['nothing could be compared']) as string[] });
}); // prettier-ignore

it('the library counts them apart, too', () => {
  const rows = [candleOf({ minute: 0 }), candleOf({ minute: 1, source: 'polled', close: 150, gapMs: 1000 })];
  const { verdict, comparison } = compareInLibrary([
    { symbol: 'RELIANCE', mode: 'snapquote', ours: rows, reference: [0, 1].map((minute) => candleOf({ minute }).candle) },
  ]);
  expect([verdict, comparison.symbols[0].compared, comparison.symbols[0].polled]).toEqual(['pass', 1, 1]);
}); // prettier-ignore
