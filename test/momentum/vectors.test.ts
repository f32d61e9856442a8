/** The golden series, reproduced to the last digit. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evaluateAll } from '../../src/momentum/series.js';
import type { CandleRow } from '../../src/candles/candle.js';
import { shipped } from '../../src/paths.js';

interface Vector {
  name: string;
  params: { vol_ma_window: number; hod_proximity_pct: number; vol_multiplier: number };
  candles: { timestamp: string; open: number; high: number; low: number; close: number; volume: number }[];
  expect: {
    evaluated: boolean;
    vwap: number | null;
    hod: number;
    vol_ma: number | null;
    rel_vol: number | null;
    signals: unknown[];
  };
}

const vectors = JSON.parse(readFileSync(shipped('test/vectors/momentum.json'), 'utf8')) as Vector[];

describe('momentum vectors', () => {
  it('are all there', () => expect(vectors).toHaveLength(31));

  it.each(vectors.map((vector, index) => [`${index} ${vector.name}`, vector] as const))(
    '%s',
    (_name, vector) => {
      const candles = vector.candles.map(({ timestamp, ...rest }) => {
        const candle: CandleRow = {
          symbol: 'TEST',
          exchange: 'NSE',
          timestampMs: Date.parse(timestamp),
          ...rest,
        };
        return { candle, partial: false };
      });
      const {
        vol_ma_window: volMaWindow,
        hod_proximity_pct: hodProximityPct,
        vol_multiplier: volMultiplier,
      } = vector.params;
      const { evaluations } = evaluateAll(candles, {
        symbol: 'TEST',
        volumeKind: 'traded',
        params: { volMaWindow, hodProximityPct, volMultiplier },
      });
      const { evaluated, vwap, hod, volMa, relVol, signals, insufficient } = evaluations.at(-1)!;
      expect({ evaluated, vwap, hod, vol_ma: volMa, rel_vol: relVol, signals }).toStrictEqual(vector.expect);
      expect(insufficient).toBe(evaluated ? undefined : `insufficient ${candles.length}/${volMaWindow}`);
    },
  );
});
