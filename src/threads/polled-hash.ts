/** The hash of what a back-fill polled. */
import type { CandleWithQuality } from '../candles/candle.js';
import { readFinalCandles } from '../candles/read-candles.js';
import type { ShardMemory } from '../memory/layout.js';
import type { RowPlace } from '../memory/shard-reader.js';
import { RowHash } from './evaluation.js';

/** Adds the polled candles of a row. */
export function addPolled(hash: RowHash, rows: readonly CandleWithQuality[]): void {
  for (const { candle, quality } of rows) if (quality.source === 'polled') hash.add(candle);
}

/** By symbol, then exchange, so that the hash does not depend on the number of shards. */
export const bySymbol = ({ instrument: a }: RowPlace, { instrument: b }: RowPlace): number =>
  a.symbol === b.symbol ? a.exchangeType - b.exchangeType : a.symbol < b.symbol ? -1 : 1;

/** SHA-256 of all polled candles in memory, as the writer's thread makes it at a run's end. */
export function polledHash(memories: readonly ShardMemory[], places: readonly RowPlace[]): string {
  const hash = new RowHash();
  for (const place of [...places].sort(bySymbol))
    addPolled(hash, readFinalCandles(memories[place.shard], place));
  return hash.end();
}
