/** The accumulators of LTP ticks. The loop that fills them: `apply-ticks.ts`. */
import { MINUTE_MS } from '../../market/session.js';
import { isAuction } from '../../memory/bar-times.js';
import { SHARD, SLOT, STATIC, type ShardMemory } from '../../memory/layout.js';
import { BAR } from '../../memory/bar.js';
import { ACCUMULATOR_BASE_MS, Accumulators, MAX_WORD } from './accumulators.js';

/**
 * A row's accumulator: 64 bytes, one cache line. Indexes of 32-bit words from its start.
 *
 * ```
 * word  0             1      2             3       4      5     6
 *       minuteStart | time | sequenceLow | price | high | low | longestSilenceMs
 * word  7        8            9            14-15
 *       counts | sameSecond | connection | price sum
 * ```
 *
 * Words 0 to 6 describe the loaded bar with its accumulated ticks; an ordinary tick continues them. The rest counts
 * those ticks alone.
 */
export const TICK = {
  /** Start of the loaded minute, ms from the start of bar 0 plus ACCUMULATOR_BASE_MS; 0: no tick is ordinary. */
  minuteStart: 0,
  /** Time of the row's last packet, the bar's close; ms from the start of bar 0. */
  time: 1,
  sequenceLow: 2,
  price: 3,
  high: 4,
  low: 5,
  longestSilenceMs: 6,
  /** Low half: accumulated ticks. High half: those with the price of the tick before. */
  counts: 7,
  /** Those in the second of the tick before: they cover no further one. */
  sameSecond: 8,
  /** Of the close. */
  connection: 9,
} as const;
export const UNCHANGED_SHIFT = 16;
const TICKS_MASK = (1 << UNCHANGED_SHIFT) - 1;
/** Bound of both counts: neither reaches its half's highest bit. */
export const MAX_ACCUMULATED_TICKS = TICKS_MASK >> 1;
/** In words, as a shift. */
export const TICK_SHIFT = 4;
/** In doubles. */
export const PRICE_SUM = 7;

/**
 * With a higher sum of session prices no tick is accumulated. Sums up to 2^53 are exact in any order. The sum is
 * checked at least once a minute, and two million ticks of the highest price fit between 2^52 and 2^53.
 */
const MAX_PRICE_SUM = 2 ** 52;

export class TickAccumulators extends Accumulators {
  /** The same memory as doubles, for the sums. */
  readonly priceSums: Float64Array;

  constructor(memory: ShardMemory) {
    super(memory, TICK_SHIFT, TICK.minuteStart);
    this.priceSums = new Float64Array(this.words.buffer);
  }

  isEmpty(row: number): boolean {
    return this.words[(row << TICK_SHIFT) + TICK.counts] === 0;
  }

  start(row: number, s: number): void {
    const m = this.memory;
    const f = m.f64;
    const { words: accumulators } = this;
    const p = row << TICK_SHIFT;
    const b = s + SLOT.bar;
    const bar = f[s + SLOT.barIndex];
    accumulators[p + TICK.minuteStart] = 0;
    if (
      bar < 0 ||
      isAuction(m, row, bar) ||
      bar <= m.i32[SHARD.sealed] ||
      f[b + BAR.ticks] === 0 ||
      f[b + BAR.high] > MAX_WORD ||
      f[s + SLOT.sessionSum] > MAX_PRICE_SUM
    )
      return;
    // The accumulator has one field for each pair. A pair that differs is equal after the next newest tick.
    if (
      f[b + BAR.lastSeenAt] !== f[b + BAR.closeTime] ||
      f[s + SLOT.lastTime] !== f[b + BAR.closeTime] ||
      f[b + BAR.lastPrice] !== f[b + BAR.close]
    )
      return;
    if (
      f[s + SLOT.lastSequenceLow] !== f[b + BAR.closeSequenceLow] ||
      f[s + SLOT.lastSequenceHigh] !== 0 ||
      f[b + BAR.closeSequenceHigh] !== 0
    )
      return;
    accumulators[p + TICK.minuteStart] = ACCUMULATOR_BASE_MS + bar * MINUTE_MS;
    accumulators[p + TICK.connection] = f[b + BAR.closeConnection];
    accumulators[p + TICK.time] = f[b + BAR.closeTime] - f[m.statics + STATIC.originMs];
    accumulators[p + TICK.sequenceLow] = f[b + BAR.closeSequenceLow];
    accumulators[p + TICK.price] = f[b + BAR.close];
    accumulators[p + TICK.high] = f[b + BAR.high];
    accumulators[p + TICK.low] = f[b + BAR.low];
    accumulators[p + TICK.longestSilenceMs] = f[b + BAR.longestSilenceMs];
  }

  add(row: number, from: number, to: number): void {
    const f = this.memory.f64;
    const { words: accumulators, priceSums } = this;
    const p = row << TICK_SHIFT;
    const a = from + SLOT.bar;
    const b = to + SLOT.bar;
    const counts = accumulators[p + TICK.counts];
    const ticks = counts & TICKS_MASK;
    const timeMs = f[this.memory.statics + STATIC.originMs] + accumulators[p + TICK.time];
    f[b + BAR.ticks] = f[a + BAR.ticks] + ticks;
    // In LTP mode the volume is the number of ticks: a double holds it.
    f[b + BAR.volume] = f[a + BAR.volume] + ticks;
    f[b + BAR.high] = accumulators[p + TICK.high];
    f[b + BAR.low] = accumulators[p + TICK.low];
    f[b + BAR.close] = accumulators[p + TICK.price];
    f[b + BAR.priceChanges] = f[a + BAR.priceChanges] + ticks - (counts >>> UNCHANGED_SHIFT);
    f[b + BAR.lastPrice] = accumulators[p + TICK.price];
    f[b + BAR.closeTime] = timeMs;
    f[b + BAR.closeSequenceLow] = accumulators[p + TICK.sequenceLow] >>> 0;
    f[b + BAR.coveredSeconds] = f[a + BAR.coveredSeconds] + ticks - accumulators[p + TICK.sameSecond];
    f[b + BAR.lastSeenAt] = timeMs;
    f[b + BAR.longestSilenceMs] = accumulators[p + TICK.longestSilenceMs];
    f[to + SLOT.sessionSum] = f[from + SLOT.sessionSum] + priceSums[(p >> 1) + PRICE_SUM];
    f[to + SLOT.sessionHigh] = Math.max(f[from + SLOT.sessionHigh], accumulators[p + TICK.high]);
    f[to + SLOT.sessionLow] = Math.min(f[from + SLOT.sessionLow], accumulators[p + TICK.low]);
    f[to + SLOT.ticks] = f[from + SLOT.ticks] + ticks;
    f[to + SLOT.lastTime] = timeMs;
    f[to + SLOT.lastPrice] = accumulators[p + TICK.price];
    f[to + SLOT.lastSequenceLow] = accumulators[p + TICK.sequenceLow] >>> 0;
    f[to + SLOT.lastTickTime] = Math.max(f[from + SLOT.lastTickTime], timeMs);
    accumulators[p + TICK.counts] = 0;
    accumulators[p + TICK.sameSecond] = 0;
    priceSums[(p >> 1) + PRICE_SUM] = 0;
  }
}
