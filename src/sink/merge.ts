/** What becomes of a minute that is on disk already. Pure. */
import type { CandleRow, CandleWithQuality, QualityRow } from '../market/candle.js';

/** A candle as it is on disk: one whose quality row is missing counts as whole, revision 0, and no row is invented for it. */
export interface StoredCandle {
  readonly candle: CandleRow;
  readonly quality: QualityRow | undefined;
}

export interface Merged {
  /** Sorted by time, one a minute. */
  readonly rows: readonly StoredCandle[];
  /** Minutes (epoch ms) where what was stored stayed although what came differs, in order. */
  readonly kept: readonly number[];
}

/** Puts candles and quality rows of one file pair together. A quality row without its candle says nothing and is dropped. */
export function pairUp(candles: readonly CandleRow[], quality: readonly QualityRow[]): StoredCandle[] {
  const byMinute = new Map(quality.map((row) => [row.timestampMs, row]));
  return candles.map((candle) => ({ candle, quality: byMinute.get(candle.timestampMs) }));
}

/** Whether `newer` takes the place of `stored`: whole beats partial, then the higher revision, then the newer. */
export function replaces(newer: StoredCandle, stored: StoredCandle): boolean {
  const newerPartial = newer.quality?.partial ?? false;
  const storedPartial = stored.quality?.partial ?? false;
  if (newerPartial !== storedPartial) return storedPartial;
  return (newer.quality?.revision ?? 0) >= (stored.quality?.revision ?? 0);
}

/** Whether two candles say the same of their minute. */
export function sameCandle(a: CandleRow, b: CandleRow): boolean {
  return firstDifference(a, b) === undefined;
}

/** The first field in which two rows differ. */
export function firstDifference<Row extends object>(a: Row, b: Row): (keyof Row & string) | undefined {
  return (Object.keys(a) as (keyof Row & string)[]).find((name) => a[name] !== b[name]);
}

/**
 * `stored` with `incoming` laid over it, in the order given, by (symbol, minute); a file holds one symbol, so the minute is the key.
 * Laying the same rows over again changes nothing.
 */
export function merge(stored: readonly StoredCandle[], incoming: readonly CandleWithQuality[]): Merged {
  const byMinute = new Map<number, StoredCandle>();
  const lay = (row: StoredCandle): boolean => {
    const there = byMinute.get(row.candle.timestampMs);
    const wins = there === undefined || replaces(row, there);
    if (wins) byMinute.set(row.candle.timestampMs, row);
    return wins;
  };
  stored.forEach(lay);
  const kept = new Set<number>();
  for (const row of incoming) {
    const minute = row.candle.timestampMs;
    const there = byMinute.get(minute);
    if (lay(row)) kept.delete(minute);
    else if (there !== undefined && !sameCandle(there.candle, row.candle)) kept.add(minute);
  }
  return {
    rows: [...byMinute.values()].sort((a, b) => a.candle.timestampMs - b.candle.timestampMs),
    kept: [...kept].sort((a, b) => a - b),
  };
}
