/** Our minutes rolled up to a longer timeframe, as the tests of `compare` need them: written once more, and slowly. */
import type { CandleWithQuality, QualityRow } from '../../../src/candles/candle.js';
import { candleStartMs, includesAuction, type Timeframe } from '../../../src/market/timeframe.js';
import { readCandleFile } from '../../../src/parquet/history.js';

const least = (values: readonly number[]): number => Math.min(...values);
const most = (values: readonly number[]): number => Math.max(...values);
const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0);

function qualityOf(timestampMs: number, rows: readonly QualityRow[]): QualityRow {
  const of = (key: 'ticks' | 'priceChanges' | 'late' | 'gapMs' | 'revision'): number[] =>
    rows.map((row) => row[key]);
  const covered = rows.flatMap(({ coverage }) => coverage ?? []);
  return {
    ...rows[0],
    timestampMs,
    ticks: sum(of('ticks')),
    priceChanges: sum(of('priceChanges')),
    partial: rows.some(({ partial }) => partial),
    revision: most(of('revision')),
    late: sum(of('late')),
    gapMs: sum(of('gapMs')),
    // Only its own two edges count: what moves between two minutes of it stays inside.
    volSlack: most([rows[0], rows[rows.length - 1]].map(({ volSlack }) => volSlack ?? 0)),
    repaired: rows.some(({ repaired }) => repaired),
    tail: rows.some(({ tail }) => tail),
    coverage: covered.length === 0 ? null : sum(covered) / covered.length,
    maxAgeMs: most(rows.map(({ maxAgeMs }) => maxAgeMs ?? 0)),
  };
}

/** `rows`: minutes of one symbol, ascending. `openMs`: of the session that a minute is in. */
export function rolledUp(
  rows: readonly CandleWithQuality[],
  timeframe: Timeframe,
  openMs: (ms: number) => number,
): CandleWithQuality[] {
  const groups = new Map<number, CandleWithQuality[]>();
  for (const row of rows) {
    const ms = row.candle.timestampMs;
    const apart = row.quality.source === 'auction' && !includesAuction(timeframe);
    const start = apart ? ms : candleStartMs(timeframe, { openMs: openMs(ms) }, ms);
    groups.set(start, [...(groups.get(start) ?? []), row]);
  }
  return [...groups].map(([timestampMs, group]) => {
    const candles = group.map(({ candle }) => candle);
    return {
      candle: {
        ...candles[0],
        timestampMs,
        high: most(candles.map(({ high }) => high)),
        low: least(candles.map(({ low }) => low)),
        close: candles[candles.length - 1].close,
        volume: sum(candles.map(({ volume }) => volume)),
      },
      quality:
        group.length === 1
          ? { ...group[0].quality, timestampMs }
          : qualityOf(
              timestampMs,
              group.map(({ quality }) => quality),
            ),
    };
  });
}

/** Our minutes of one symbol, as a run left them, and the footer of their file. */
export async function minutesOfRun(
  folder: string,
  symbol: string,
): Promise<{ readonly rows: CandleWithQuality[]; readonly keys: ReadonlyMap<string, string> }> {
  const file = await readCandleFile(folder, { exchange: 'NSE', symbol }, 'ours');
  const rows = file!.rows.flatMap(({ candle, quality }) =>
    quality === undefined ? [] : [{ candle, quality }],
  );
  return { rows, keys: file!.keys };
}
