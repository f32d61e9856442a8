/** Detects the wrong zone: a day's candles match none of ours, and all once shifted by India's offset. Pure. */
import { IST_OFFSET_MS } from '../market/session.js';
import type { SymbolPair } from './symbol-comparison.js';

/**
 * Offset of the reference's times, ms: negative if earlier than ours, as UTC without a zone is; positive if later.
 * Undefined if they match, or match no better when shifted.
 */
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
