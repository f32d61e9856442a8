/**
 * The broker's candles of bars that a gap touched. Main writes them after END; readers lay them over what was seen
 * (candles/read-candles.ts). A bar is never changed once it is polled, and its state is stored last: no reader sees
 * half of one.
 */
import { MINUTE_MS } from '../market/session.js';
import { isAuction } from './bar-times.js';
import { MAIN, POLLED, STATIC, type ShardMemory } from './layout.js';
import { gapMsIn, type BarFigures, type BarPrices, type RowPlace } from './shard-reader.js';

/**
 * A polled bar by the instrument's index and the minute's start, epoch ms. Its volume is the quantity traded; 0 where
 * the run's volume is a number of ticks.
 */
export interface PolledMinute extends BarPrices {
  readonly instrument: number;
  readonly minuteMs: number;
  /** The broker's answers until two agreed. */
  readonly answers: number;
}

const POLLED_STATE = 1;

/** True once a bar of this memory is polled. Before, no reader needs to touch POLLED. */
export const hasPolled = (m: ShardMemory): boolean => Atomics.load(m.i32, MAIN.polled) > 0;

/** The row's minute of continuous trading that begins at `minuteMs`; -1 if it has none. */
function minuteBarAt(m: ShardMemory, row: number, minuteMs: number): number {
  const bar = (minuteMs - m.f64[m.staticOf(row) + STATIC.originMs]) / MINUTE_MS;
  return Number.isInteger(bar) && m.hasBar(row, bar) && !isAuction(m, row, bar) ? bar : -1;
}

/** Writes a polled bar; main only. False, and nothing is written, if the row has no such minute or it is polled. */
export function layPolled(
  { memories, places }: { readonly memories: readonly ShardMemory[]; readonly places: readonly RowPlace[] },
  { instrument, minuteMs, open, high, low, close, volume }: PolledMinute,
): boolean {
  const { shard, row } = places[instrument];
  const m = memories[shard];
  const bar = minuteBarAt(m, row, minuteMs);
  if (bar < 0) return false;
  const { f64: f, i32 } = m;
  const at = m.polledOf(row, bar);
  if (Atomics.load(i32, 2 * at) === POLLED_STATE) return false;
  f[at + POLLED.open] = open;
  f[at + POLLED.high] = high;
  f[at + POLLED.low] = low;
  f[at + POLLED.close] = close;
  f[at + POLLED.volume] = volume;
  Atomics.store(i32, 2 * at, POLLED_STATE);
  Atomics.add(i32, MAIN.polled, 1);
  return true;
}

/** Wakes those that wait for candles; main only. */
export function tellPolled(memories: readonly ShardMemory[]): void {
  const { i32 } = memories[0];
  Atomics.add(i32, MAIN.polledNews, 1);
  Atomics.notify(i32, MAIN.polledNews);
}

/** A bar as it was polled; undefined if it was not. */
export function readPolled(m: ShardMemory, row: number, bar: number): BarPrices | undefined {
  if (!hasPolled(m) || !m.hasBar(row, bar)) return undefined;
  const f = m.f64;
  const at = m.polledOf(row, bar);
  if (Atomics.load(m.i32, 2 * at) !== POLLED_STATE) return undefined;
  return {
    open: f[at + POLLED.open],
    high: f[at + POLLED.high],
    low: f[at + POLLED.low],
    close: f[at + POLLED.close],
    volume: f[at + POLLED.volume],
  };
}

/**
 * True for a minute of which something was not seen: a gap touches it, or a connection began in it. `figures`: what
 * was seen of it. Only such a minute is polled, and only over such a minute a polled bar is laid. A minute that was
 * seen whole and one in which nothing was traded are none.
 */
export function isGapMinute(
  m: ShardMemory,
  row: number,
  bar: number,
  figures: Pick<BarFigures, 'hasSnapshot'> | undefined,
): boolean {
  return !isAuction(m, row, bar) && (figures?.hasSnapshot === true || gapMsIn(m, row, bar) > 0);
}
