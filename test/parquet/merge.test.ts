/** Which row of a minute survives. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CandleWithQuality } from '../../src/candles/candle.js';
import { merge, mergeRun, pairUp, replaces } from '../../src/parquet/merge.js';
import { candleOf } from './candles.js';

const anyRow = fc
  .record({
    minute: fc.nat(5),
    kind: fc.constantFrom('whole', 'partial', 'polled'),
    revision: fc.nat(2),
    close: fc.integer({ min: 100, max: 110 }),
  })
  .map(({ kind, ...row }) =>
    candleOf({ ...row, partial: kind === 'partial', source: kind === 'polled' ? 'polled' : 'continuous' }),
  );
const anyRows = fc.array(anyRow, { maxLength: 12, size: 'max' });

/** The rules in other words: of all rows of a minute, in order of arrival, the last of the greatest. */
function survivor(rows: readonly CandleWithQuality[]): CandleWithQuality {
  const rank = ({ quality: { partial, source, revision } }: CandleWithQuality): number =>
    (source === 'polled' ? 1000 : partial ? 0 : 2000) + revision;
  const best = Math.max(...rows.map(rank));
  return rows.findLast((row) => rank(row) === best)!;
}

describe('merge', () => {
  it('keeps of every minute the best, sorted and unique', () => {
    fc.assert(
      fc.property(anyRows, anyRows, (first, second) => {
        const stored = merge([], first).rows;
        const { rows } = merge(stored, second);
        const minutes = [...new Set([...first, ...second].map((row) => row.candle.timestampMs))].sort(
          (a, b) => a - b,
        );
        expect(rows).toStrictEqual(
          minutes.map((minute) =>
            survivor([...first, ...second].filter((row) => row.candle.timestampMs === minute)),
          ),
        );
      }),
    );
  });

  it('changes nothing when the same rows come again', () => {
    fc.assert(
      fc.property(anyRows, anyRows, (first, second) => {
        const once = merge(merge([], first).rows, second).rows;
        expect(merge(once, second).rows).toStrictEqual(once);
      }),
    );
  });

  it('names the minutes where a better row stayed', () => {
    fc.assert(
      fc.property(anyRows, anyRows, (first, second) => {
        const { rows, kept } = merge(merge([], first).rows, second);
        const incoming = new Map<number, CandleWithQuality>();
        for (const row of second)
          incoming.set(
            row.candle.timestampMs,
            survivor(second.filter((r) => r.candle.timestampMs === row.candle.timestampMs)),
          );
        const differing = rows.filter(
          (row) =>
            incoming.has(row.candle.timestampMs) &&
            incoming.get(row.candle.timestampMs)!.candle.close !== row.candle.close,
        );
        for (const row of differing) expect(kept).toContain(row.candle.timestampMs);
      }),
    );
  });

  it('lets whole beat partial, then the higher revision, then the newer', () => {
    const of = (partial: boolean, revision: number) => candleOf({ minute: 0, partial, revision });
    expect(replaces(of(false, 0), of(true, 9))).toBe(true);
    expect(replaces(of(true, 9), of(false, 0))).toBe(false);
    expect(replaces(of(false, 1), of(false, 2))).toBe(false);
    expect(replaces(of(false, 2), of(false, 2))).toBe(true);
    expect(replaces(of(true, 3), of(true, 2))).toBe(true);
  });

  it('takes a candle without a quality row for whole, revision 0, and invents no row', () => {
    const [stored] = pairUp([candleOf({ minute: 0, close: 105 }).candle], [candleOf({ minute: 1 }).quality]);
    expect(merge([stored], [candleOf({ minute: 0, partial: true })])).toStrictEqual({
      rows: [{ candle: stored.candle, quality: undefined }],
      kept: [stored.candle.timestampMs],
    });
    expect(merge([stored], [candleOf({ minute: 0 })]).rows[0]).toStrictEqual(candleOf({ minute: 0 }));
  });

  it('lets a row stay of a minute of which a killed process saw more, unless the newer one is better', () => {
    const stored = [candleOf({ minute: 0, ticks: 12 }), candleOf({ minute: 1, ticks: 12, close: 103 })];
    const { timestampMs } = stored[1].candle;
    const range = { fromMs: timestampMs, toMs: timestampMs + 60_000 };
    const after = (...rows: CandleWithQuality[]) => mergeRun(stored, rows, undefined, range);
    // The journal ended after the minute's last tick: same ticks, but the resumed run did not see the minute's end.
    const partial = candleOf({ minute: 1, ticks: 12, close: 103, partial: true, gapMs: 900 });
    expect(after(partial)).toStrictEqual({ rows: stored, kept: [timestampMs] });
    // It ended before late ticks of a minute that was not sealed.
    const fewer = candleOf({ minute: 1, ticks: 11 });
    expect(after(fewer)).toStrictEqual({ rows: stored, kept: [timestampMs] });
    const better = candleOf({ minute: 1, ticks: 13, late: 1, revision: 1 });
    expect(after(better).rows[1]).toStrictEqual(better);
    const before = candleOf({ minute: 0, ticks: 12, partial: true, gapMs: 900 });
    expect(after(before).rows[0]).toStrictEqual(before);
  });

  it("lets a run's own earlier row yield though the writer that wrote it died, and never another run's", () => {
    // Found by the simulation: the minute was written whole, the writer's thread died, and the minute became known as
    // partial.
    const stored = [candleOf({ minute: 0, ticks: 12, late: 1, revision: 1 })];
    const after = (row: CandleWithQuality) => mergeRun(stored, [row], undefined).rows;
    const partial = candleOf({ minute: 0, ticks: 12, late: 1, revision: 1, partial: true, gapMs: 9000 });
    expect(after(partial)).toStrictEqual([partial]);
    const later = candleOf({
      minute: 0,
      ticks: 14,
      late: 3,
      revision: 3,
      volume: 60,
      close: 102,
      partial: true,
      gapMs: 9000,
    });
    expect(after(later)).toStrictEqual([later]);
    const auction = candleOf({ minute: 1, source: 'auction', ticks: 3, close: 103 });
    const print = candleOf({
      minute: 1,
      source: 'auction',
      ticks: 4,
      late: 1,
      revision: 1,
      volume: 50,
      close: 99,
      partial: true,
      gapMs: 9000,
    });
    expect(mergeRun([auction], [print], undefined).rows).toStrictEqual([print]);
    // Fewer ticks, other ticks, or another price of the same ticks: another run saw that minute.
    for (const other of [
      { ticks: 9, late: 1, revision: 1 },
      { ticks: 14, late: 1, revision: 1 },
      { ticks: 12, late: 1, revision: 1, close: 100.1 },
      { ticks: 13, late: 2, revision: 2, volume: 41 },
    ]) {
      expect(after(candleOf({ minute: 0, partial: true, gapMs: 9000, ...other }))).toStrictEqual(stored);
    }
  });
});
