/** Notices times that were written by the wrong clock: candles of a whole day that match none of ours, and all of ours when India's offset is put right. Pure. */
import { IST_OFFSET_MS } from '../market/session.js';
import type { SymbolPair } from './symbol-comparison.js';

/** By how much all times of the reference seem to be off, ms: behind ours (-), as if they were UTC without saying so, or ahead (+); undefined when they match, or match no better. */
export function zoneShift(pairs: readonly SymbolPair[]): number | undefined {
  const matching = (shiftMs: number): number => {
    let sum = 0;
    for (const { ours, reference } of pairs) {
      const theirs = new Set(reference?.candles.map(({ candle }) => candle.timestampMs));
      sum += ours.candles.filter(({ candle }) => theirs.has(candle.timestampMs + shiftMs)).length;
    }
    return sum;
  };
  if (matching(0) > 0) return undefined;
  const candles = pairs.reduce((sum, { ours }) => sum + ours.candles.length, 0);
  return [-IST_OFFSET_MS, IST_OFFSET_MS].find((shiftMs) => matching(shiftMs) * 2 > candles);
}
