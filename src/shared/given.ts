/**
 * Candles of earlier minutes that no file holds (the simulated broker's of its own market), as plain numbers that all threads share: a
 * tenth of the memory of as many objects, and one copy for all.
 */
import type { CandleRow } from '../market/candle.js';
import { GIVEN, sharedDoubles } from './layout.js';

/** `rows` as numbers, in their order: what processes tell each other. */
export function packCandles(rows: readonly CandleRow[]): number[] {
  return rows.flatMap(({ timestampMs, open, high, low, close, volume }) => [timestampMs, open, high, low, close, volume]);
}

/** `packed` where all threads can read it. */
export function shareNumbers(packed: ArrayLike<number>): Float64Array {
  const shared = sharedDoubles(packed.length);
  shared.set(packed);
  return shared;
}

/** The rows again, of the instrument named. */
export function unpackCandles(packed: ArrayLike<number>, { symbol, exchange }: Pick<CandleRow, 'symbol' | 'exchange'>): CandleRow[] {
  return Array.from({ length: packed.length / GIVEN.size }, (_, index) => {
    const at = index * GIVEN.size;
    return {
      symbol,
      exchange,
      timestampMs: packed[at + GIVEN.timestampMs],
      open: packed[at + GIVEN.open],
      high: packed[at + GIVEN.high],
      low: packed[at + GIVEN.low],
      close: packed[at + GIVEN.close],
      volume: packed[at + GIVEN.volume],
    };
  });
}
