/**
 * Earlier candles that no file holds: the simulated broker's, or those polled before the run. They are numbers in
 * memory that all threads share: one copy, a tenth of the size of objects. Memory may be allocated before they are
 * known; its unused part has time 0.
 */
import type { CandleRow, VolumeKind } from './candle.js';
import { WARM_UP_CANDLE, sharedDoubles } from '../memory/layout.js';

/** `rows` as numbers, in order: the form in which processes send them. */
export function packCandles(rows: readonly CandleRow[]): number[] {
  return rows.flatMap(({ timestampMs, open, high, low, close, volume }) => [
    timestampMs,
    open,
    high,
    low,
    close,
    volume,
  ]);
}

/** A copy of `packed` for all threads. */
export function shareNumbers(packed: ArrayLike<number>): Float64Array {
  const shared = sharedDoubles(packed.length);
  shared.set(packed);
  return shared;
}

/** Shared memory for `candles` candles. */
export function sharedRoom(candles: number): Float64Array {
  return sharedDoubles(candles * WARM_UP_CANDLE.size);
}

/** Writes `rows`, only the last that fit, into shared memory. Call it before any other thread reads. */
export function fillCandles(room: Float64Array, rows: readonly CandleRow[]): void {
  room.fill(0);
  room.set(packCandles(rows.slice(-room.length / WARM_UP_CANDLE.size)));
}

/** The filled part of `packed`. */
export function filled(packed: Float64Array): Float64Array {
  let rows = packed.length / WARM_UP_CANDLE.size;
  while (rows > 0 && packed[(rows - 1) * WARM_UP_CANDLE.size + WARM_UP_CANDLE.timestampMs] === 0) rows--;
  return packed.subarray(0, rows * WARM_UP_CANDLE.size);
}

/** The rows as objects, of the given instrument. */
export function unpackCandles(
  room: Float64Array,
  { symbol, exchange }: Pick<CandleRow, 'symbol' | 'exchange'>,
): CandleRow[] {
  const packed = filled(room);
  return Array.from({ length: packed.length / WARM_UP_CANDLE.size }, (_, index) => {
    const at = index * WARM_UP_CANDLE.size;
    return {
      symbol,
      exchange,
      timestampMs: packed[at + WARM_UP_CANDLE.timestampMs],
      open: packed[at + WARM_UP_CANDLE.open],
      high: packed[at + WARM_UP_CANDLE.high],
      low: packed[at + WARM_UP_CANDLE.low],
      close: packed[at + WARM_UP_CANDLE.close],
      volume: packed[at + WARM_UP_CANDLE.volume],
    };
  });
}

/** Earlier candles that no file holds. */
export interface WarmUpCandles {
  readonly volumeKind: VolumeKind;
  /** By name (src/market/instrument.ts), from `shareNumbers`. */
  readonly rows: Readonly<Record<string, Float64Array>>;
}
