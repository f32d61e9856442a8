/** The series against a naive computation, and cases that the golden series do not reach. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimals } from '../../src/momentum/rule.js';
import {
  MAX_LISTED_HOLES,
  MomentumSeries,
  differences,
  evaluateAll,
  holeText,
  type Evaluation,
} from '../../src/momentum/series.js';
import type { SeenCandle } from '../../src/momentum/series.js';
import type { CandleRow } from '../../src/candles/candle.js';

const OPEN = Date.parse('2026-11-16T09:15:00+05:30');
const MINUTE = 60_000;

function candle(minute: number, figures: Partial<CandleRow> = {}): CandleRow {
  return {
    symbol: 'X',
    exchange: 'NSE',
    timestampMs: OPEN + minute * MINUTE,
    open: 100,
    high: 100,
    low: 100,
    close: 100,
    volume: 1000,
    ...figures,
  };
}

function whole(minute: number, figures: Partial<CandleRow> = {}): SeenCandle {
  return { candle: candle(minute, figures), partial: false };
}

const options = { symbol: 'X', volumeKind: 'traded' as const };

/** Sums everything again for the last candle, without code of the source. */
function naive(candles: readonly SeenCandle[], window: number) {
  const last = candles.at(-1)!.candle;
  const date = (ms: number) => new Date(ms + 330 * MINUTE).toISOString().slice(0, 10);
  const today = candles
    .filter((c) => date(c.candle.timestampMs) === date(last.timestampMs))
    .map((c) => c.candle);
  const volume = today.reduce((sum, c) => sum + c.volume, 0);
  const turnover = today.reduce((sum, c) => sum + ((c.high + c.low + c.close) / 3) * c.volume, 0);
  const volumes = candles.filter((c) => !c.partial).map((c) => c.candle.volume);
  const enough = !candles.at(-1)!.partial && volumes.length >= window;
  const mean = volumes.slice(-window).reduce((sum, v) => sum + v, 0) / window;
  return {
    vwap: volume === 0 ? null : turnover / volume,
    hod: Math.max(...today.map((c) => c.high)),
    volMa: enough ? mean : null,
    whole: volumes.length,
  };
}

const anyCandles = fc
  .array(
    fc.record({
      gap: fc.constantFrom(1, 1, 1, 1, 2, 7, 1000),
      close: fc.integer({ min: 100, max: 300_000 }),
      up: fc.integer({ min: 0, max: 500 }),
      down: fc.integer({ min: 0, max: 90 }),
      volume: fc.nat(100_000),
      partial: fc.boolean(),
    }),
    { minLength: 1, maxLength: 60, size: 'max' },
  )
  .map((steps) => {
    let minute = 0;
    return steps.map(({ gap, close, up, down, volume, partial }): SeenCandle => {
      minute += gap;
      return {
        candle: candle(minute, {
          close: close / 100,
          high: (close + up) / 100,
          low: (close - down) / 100,
          volume,
        }),
        partial,
      };
    });
  });

describe('MomentumSeries', () => {
  it('equals a naive fold at every candle', () => {
    fc.assert(
      fc.property(anyCandles, fc.integer({ min: 1, max: 25 }), (candles, volMaWindow) => {
        const params = { volMaWindow, hodProximityPct: 0.5, volMultiplier: 2 };
        const { evaluations } = evaluateAll(candles, { ...options, params });
        evaluations.forEach((evaluation, index) => {
          const truth = naive(candles.slice(0, index + 1), volMaWindow);
          expect(evaluation.hod).toBe(truth.hod);
          expect(evaluation.volMa).toBe(truth.volMa);
          if (truth.vwap === null) expect(evaluation.vwap).toBeNull();
          else expect(Math.abs(evaluation.vwap! / truth.vwap - 1)).toBeLessThan(1e-12);
          const partial = candles[index].partial;
          expect(evaluation.insufficient).toBe(
            !partial && truth.whole < volMaWindow ? `insufficient ${truth.whole}/${volMaWindow}` : undefined,
          );
          expect(evaluation.evaluated).toBe(!partial && truth.whole >= volMaWindow);
        });
      }),
    );
  });

  it('says the same pushed one by one as evaluated at once, whatever part of the past is history', () => {
    fc.assert(
      fc.property(anyCandles, fc.nat(60), (candles, cut) => {
        const all = candles.map((c) => ({ ...c, partial: false }));
        const past = all.slice(0, cut).map((c) => c.candle);
        const series = new MomentumSeries({
          ...options,
          history: { rows: past.toReversed(), volumeKind: 'traded' },
        });
        const pushed = all.slice(cut).map(({ candle: c, ...seen }) => series.push(c, seen));
        const { evaluations, series: batch } = evaluateAll(all.toReversed(), options);
        expect(pushed).toStrictEqual(evaluations.slice(cut));
        if (pushed.length > 0) expect(series.missingMinutes).toBe(batch.missingMinutes);
        expect(differences(pushed, evaluations.slice(cut))).toStrictEqual([]);
      }),
    );
  });

  it('never looks past the minute that it is at', () => {
    const later = Array.from({ length: 30 }, (_, i) => candle(50 + i, { high: 999 }));
    const series = new MomentumSeries({ ...options, history: { rows: later, volumeKind: 'traded' } });
    expect(series.push(candle(0), { partial: false })).toMatchObject({
      hod: 100,
      insufficient: 'insufficient 1/20',
    });
  });

  it('lets a partial candle yield to the history', () => {
    const rows = [
      ...Array.from({ length: 19 }, (_, i) => candle(i)),
      candle(19, { high: 120, close: 120, volume: 5000 }),
    ];
    const series = new MomentumSeries({ ...options, history: { rows, volumeKind: 'traded' } });
    const evaluation = series.push(candle(19, { volume: 7 }), { partial: true });
    expect(evaluation).toMatchObject({
      basis: 'history',
      evaluated: true,
      hod: 120,
      volMa: (19 * 1000 + 5000) / 20,
    });
    expect(evaluation.signals).toHaveLength(1);
  });

  it('keeps our whole candle where the history has one, too', () => {
    const series = new MomentumSeries({
      ...options,
      history: { rows: [candle(0, { high: 500 })], volumeKind: 'traded' },
    });
    expect(series.push(candle(0), { partial: false })).toMatchObject({ basis: 'ours', hod: 100 });
    expect(series.push(candle(1), { partial: false })).toMatchObject({
      hod: 100,
      insufficient: 'insufficient 2/20',
    });
  });

  it('counts a partial candle without history for high and VWAP only', () => {
    const series = new MomentumSeries({
      ...options,
      params: { volMaWindow: 2, hodProximityPct: 0.5, volMultiplier: 2 },
    });
    series.push(candle(0), { partial: false });
    const partial = series.push(candle(1, { high: 130, low: 130, close: 130, volume: 1000 }), {
      partial: true,
    });
    expect(partial).toMatchObject({
      basis: 'partial',
      evaluated: false,
      insufficient: undefined,
      hod: 130,
      vwap: 115,
      volMa: null,
      signals: [],
    });
    expect(series.push(candle(2, { volume: 3000 }), { partial: false })).toMatchObject({
      evaluated: true,
      hod: 130,
      volMa: 2000,
    });
  });

  it('ignores a history of another kind of volume, and says so', () => {
    const series = new MomentumSeries({ ...options, history: { rows: [candle(-1)], volumeKind: 'tick' } });
    expect(series.notes).toStrictEqual([
      "X: the history's volume is tick and ours is traded; the history is not used.",
    ]);
    expect(series.push(candle(0), { partial: false }).insufficient).toBe('insufficient 1/20');
  });

  it('reports holes within a date, not across dates nor before the auction', () => {
    const series = new MomentumSeries(options);
    for (const minute of [0, 1, 4, 6, 1440]) series.push(candle(minute), { partial: false });
    series.push(candle(1460), { partial: false, source: 'auction' });
    expect(series.holes.map(holeText)).toStrictEqual(['09:17-09:18', '09:20']);
    expect(series.missingMinutes).toBe(3);
  });

  it('bounds the list of holes and keeps counting', () => {
    const series = new MomentumSeries(options);
    for (let i = 0; i <= 2 * 150; i += 2) series.push(candle(i), { partial: false });
    expect(series.holes).toHaveLength(MAX_LISTED_HOLES);
    expect(series.missingMinutes).toBe(150);
  });

  it('refuses a minute that does not rise', () => {
    const series = new MomentumSeries(options);
    series.push(candle(1), { partial: false });
    expect(() => series.push(candle(1), { partial: false })).toThrow(/minutes must rise/);
  });
});

describe('differences', () => {
  it('names what a revised candle changed', () => {
    const live = evaluateAll([whole(0), whole(1)], options).evaluations;
    const final = evaluateAll([whole(0, { high: 101 }), whole(1), whole(2)], options).evaluations;
    expect(differences(live, final)).toStrictEqual([
      'X 2026-11-16T09:15:00+05:30: vwap 100 -> 100.33333333333333, hod 100 -> 101.',
      'X 2026-11-16T09:16:00+05:30: vwap 100 -> 100.16666666666666, hod 100 -> 101.',
      'X 2026-11-16T09:17:00+05:30: evaluated only on the final candles.',
    ]);
  });

  it('are of every symbol of a minute, whichever was evaluated last', () => {
    const live = evaluateAll([whole(0)], options).evaluations;
    const final = evaluateAll([whole(0, { high: 101 })], options).evaluations;
    const others = (from: readonly Evaluation[], symbol: string): Evaluation[] =>
      from.map((one) => ({ ...one, symbol }));
    expect(
      differences(
        [...others(live, 'B'), ...others(live, 'A'), ...live],
        [...others(live, 'A'), ...final, ...others(final, 'B')],
      ),
    ).toStrictEqual([
      'B 2026-11-16T09:15:00+05:30: vwap 100 -> 100.33333333333333, hod 100 -> 101.',
      'X 2026-11-16T09:15:00+05:30: vwap 100 -> 100.33333333333333, hod 100 -> 101.',
    ]);
  });
});

describe('decimals', () => {
  it.each([
    [0.125, 2, '0.12'],
    [0.375, 2, '0.38'],
    [0.625, 2, '0.62'],
    [2.675, 2, '2.67'],
    [1.005, 2, '1.00'],
    [4.25, 1, '4.2'],
    [4.75, 1, '4.8'],
    [2.5, 0, '2'],
    [3.5, 0, '4'],
    [1e15 + 0.125, 2, '1000000000000000.12'],
    [-0.125, 2, '-0.12'],
    [0, 2, '0.00'],
    [99.995, 2, '100.00'],
  ])('%d to %d digits is %s', (value, digits, text) => expect(decimals(value, digits)).toBe(text));
});
