/**
 * Commits batches of records to rows: readers and a successor thread see a batch whole or not at all.
 *
 * A version's lowest bit selects the valid slot of a row's two:
 *
 * | step   | valid slot            | idle slot                                 | version   |
 * | ------ | --------------------- | ----------------------------------------- | --------- |
 * | open   | read by other threads | becomes a copy of the valid slot          | unchanged |
 * | apply  | read by other threads | changed by the batch's records of the row | unchanged |
 * | commit | is idle from now on   | is valid from now on                      | + 1       |
 *
 * The commit is one atomic store of the version. A slot's `cursor` names its last record. So a thread may die at any
 * store: its successor repeats the batch without the records that a committed row includes.
 *
 * A batch changes one bar outside the idle slot: the bar that it replaces there is copied to the table (BARS). Before
 * the commit no one reads that copy: the valid slot still has the bar. A record that needs a third bar commits the
 * row first (`reopen`).
 *
 * `fast/tick-accumulator.ts` adds up ordinary LTP ticks in the row's accumulator, private to this thread. It is
 * flushed into the idle slot before any other record of the row, and at the batch's end. A thread that dies loses it,
 * and its successor repeats the batch.
 */
import { MINUTE_MS } from '../market/session.js';
import { BAR, SHARD, SLOT, STATIC, type ShardMemory } from '../memory/layout.js';

/**
 * A row's accumulator: 64 bytes, one cache line. Indexes of 32-bit words from its start.
 *
 * ```
 * word  0             1      2             3       4      5     6                  7        8          9-13   14-15
 *       minuteStart | time | sequenceLow | price | high | low | longestSilenceMs | counts | sameSecond |    | price sum
 * ```
 *
 * Words 0 to 6 describe the loaded bar with its accumulated ticks; an ordinary tick continues them. The rest counts
 * those ticks alone.
 */
export const ACCUMULATOR = {
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
} as const;
export const ACCUMULATOR_UNCHANGED_SHIFT = 16;
const ACCUMULATOR_TICKS_MASK = (1 << ACCUMULATOR_UNCHANGED_SHIFT) - 1;
/** Bound of both counts: neither reaches its half's highest bit. */
export const MAX_ACCUMULATED_TICKS = ACCUMULATOR_TICKS_MASK >> 1;
/** In words, as a shift. */
export const ACCUMULATOR_SHIFT = 4;
/** In doubles. */
export const ACCUMULATOR_PRICE_SUM = 7;

/** Added to minute starts to keep them above 0: no admitted time lies so long before bar 0. */
export const ACCUMULATOR_BASE_MS = 0x40000000;
/** A higher price has FLAG.wide. */
const MAX_ACCUMULATED_PRICE = 0x7fffffff;

/**
 * With a higher sum of session prices no tick is accumulated. Sums up to 2^53 are exact in any order. The sum is
 * checked at least once a minute, and two million ticks of the highest price fit between 2^52 and 2^53.
 */
const MAX_PRICE_SUM = 2 ** 52;

/** Counts a change of sealed candles, and wakes the threads that wait. */
export function signalChange({ i32 }: ShardMemory): void {
  Atomics.store(i32, SHARD.changes, i32[SHARD.changes] + 1);
  Atomics.notify(i32, SHARD.changes);
}

export class RowWriter {
  readonly memory: ShardMemory;
  /** Double index of each row's open slot; 0: not open. */
  readonly openSlots: Int32Array;
  /** One buffer as 32-bit words, and as doubles for the sums. */
  readonly accumulators: Int32Array;
  readonly priceSums: Float64Array;
  /** Rows may already include records that an earlier thread began. */
  repeating = false;
  /** An open slot has a tick of a sealed minute: the commit must signal a change. */
  hasLateTick = false;
  /** Connection of the last packets of all accumulating rows. */
  connection = 0;
  readonly #openRows: Int32Array;
  #openCount = 0;
  /** Rows that accumulated in this batch; twice if flushed between. */
  readonly accumulatingRows: Int32Array;
  accumulatingCount = 0;
  /** 1: the row's slots differ only in what #addAccumulated sets, so opening it needs no copy. */
  readonly #twins: Uint8Array;

  constructor(memory: ShardMemory) {
    this.memory = memory;
    const { rows } = memory.shape;
    this.openSlots = new Int32Array(rows);
    this.#openRows = new Int32Array(rows);
    this.accumulators = new Int32Array(rows << ACCUMULATOR_SHIFT);
    this.priceSums = new Float64Array(this.accumulators.buffer);
    this.#twins = new Uint8Array(rows);
    this.accumulatingRows = new Int32Array(2 * rows);
  }

  /** Prepares to accumulate ticks of `connection`, with room for every row. */
  useConnection(connection: number): void {
    if (connection !== this.connection) {
      this.#flushAll();
      this.stopAccumulating();
      this.connection = connection;
    } else if (this.accumulatingCount > this.memory.shape.rows) this.#flushAll();
  }

  /**
   * Opens the row if needed and flushes its accumulator. Returns the double index of the open slot, for the caller to
   * change.
   */
  open(row: number): number {
    const { openSlots, accumulators } = this;
    const twins = this.#twins;
    twins[row] = 0;
    let s = openSlots[row];
    if (s === 0) {
      this.#markOpen(row);
      s = this.#copyValidSlot(row);
    }
    if (accumulators[(row << ACCUMULATOR_SHIFT) + ACCUMULATOR.counts] > 0) this.#addAccumulated(row, s, s);
    return s;
  }

  /** Commits the row's records up to `cursor`, and reopens it. Returns the open slot's double index. */
  reopen(row: number, cursor: number): number {
    this.#commitRow(row, cursor);
    return this.#copyValidSlot(row);
  }

  /** Commits open rows with their records up to `cursor`. */
  commit(cursor: number): void {
    this.#flushAll();
    const openRows = this.#openRows;
    for (let k = 0; k < this.#openCount; k++) this.#commitRow(openRows[k], cursor);
    this.#openCount = 0;
    if (!this.hasLateTick) return;
    this.hasLateTick = false;
    signalChange(this.memory);
  }

  /** True if slot `s` includes the row's records up to `cursor`. */
  includes(s: number, cursor: number): boolean {
    const { f64, shape } = this.memory;
    // NaN (no records) does not equal itself.
    return (
      this.repeating &&
      f64[s + SLOT.cursor] === f64[s + SLOT.cursor] &&
      (f64[s + SLOT.cursor] - cursor) >>> 0 < shape.slots
    );
  }

  /** Sets which ticks are ordinary for the loaded bar of slot `s`, if any. The row's accumulator must be flushed. */
  startAccumulating(row: number, s: number): void {
    const m = this.memory;
    const f = m.f64;
    const { accumulators } = this;
    const p = row << ACCUMULATOR_SHIFT;
    const b = s + SLOT.bar;
    const bar = f[s + SLOT.barIndex];
    accumulators[p + ACCUMULATOR.minuteStart] = 0;
    if (
      this.repeating ||
      bar < 0 ||
      bar === m.shape.bars - 1 ||
      bar <= m.i32[SHARD.sealed] ||
      f[b + BAR.ticks] === 0 ||
      f[b + BAR.high] > MAX_ACCUMULATED_PRICE ||
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
      f[b + BAR.closeSequenceHigh] !== 0 ||
      f[b + BAR.closeConnection] !== this.connection
    )
      return;
    accumulators[p + ACCUMULATOR.minuteStart] = ACCUMULATOR_BASE_MS + bar * MINUTE_MS;
    accumulators[p + ACCUMULATOR.time] = f[b + BAR.closeTime] - f[m.statics + STATIC.originMs];
    accumulators[p + ACCUMULATOR.sequenceLow] = f[b + BAR.closeSequenceLow];
    accumulators[p + ACCUMULATOR.price] = f[b + BAR.close];
    accumulators[p + ACCUMULATOR.high] = f[b + BAR.high];
    accumulators[p + ACCUMULATOR.low] = f[b + BAR.low];
    accumulators[p + ACCUMULATOR.longestSilenceMs] = f[b + BAR.longestSilenceMs];
  }

  /** Makes no tick ordinary, after a seal or on another connection. All accumulators must be flushed. */
  stopAccumulating(): void {
    const { accumulators } = this;
    for (let p = ACCUMULATOR.minuteStart; p < accumulators.length; p += 1 << ACCUMULATOR_SHIFT)
      accumulators[p] = 0;
  }

  #flushAll(): void {
    const { accumulatingRows } = this;
    for (let k = 0; k < this.accumulatingCount; k++) this.#flush(accumulatingRows[k]);
    this.accumulatingCount = 0;
  }

  /** Adds the row's accumulator to its open slot, opened if needed. */
  #flush(row: number): void {
    const { openSlots, accumulators } = this;
    const twins = this.#twins;
    if (accumulators[(row << ACCUMULATOR_SHIFT) + ACCUMULATOR.counts] === 0) return;
    if (openSlots[row] !== 0) this.#addAccumulated(row, openSlots[row], openSlots[row]);
    else {
      this.#markOpen(row);
      if (twins[row] === 1) {
        openSlots[row] = this.#slot(row, 1);
        this.#addAccumulated(row, this.#slot(row, 0), openSlots[row]);
      } else {
        this.#copyValidSlot(row);
        this.#addAccumulated(row, openSlots[row], openSlots[row]);
        twins[row] = 1;
      }
    }
  }

  /**
   * Sets slot `to` to slot `from` plus the row's accumulator, then clears that. All other fields must already be
   * equal.
   */
  #addAccumulated(row: number, from: number, to: number): void {
    const f = this.memory.f64;
    const { accumulators, priceSums } = this;
    const p = row << ACCUMULATOR_SHIFT;
    const [a, b] = [from + SLOT.bar, to + SLOT.bar];
    const counts = accumulators[p + ACCUMULATOR.counts];
    const ticks = counts & ACCUMULATOR_TICKS_MASK;
    const timeMs = f[this.memory.statics + STATIC.originMs] + accumulators[p + ACCUMULATOR.time];
    f[b + BAR.ticks] = f[a + BAR.ticks] + ticks;
    // In LTP mode the volume is the number of ticks: a double holds it.
    f[b + BAR.volume] = f[a + BAR.volume] + ticks;
    f[b + BAR.high] = accumulators[p + ACCUMULATOR.high];
    f[b + BAR.low] = accumulators[p + ACCUMULATOR.low];
    f[b + BAR.close] = accumulators[p + ACCUMULATOR.price];
    f[b + BAR.priceChanges] = f[a + BAR.priceChanges] + ticks - (counts >>> ACCUMULATOR_UNCHANGED_SHIFT);
    f[b + BAR.lastPrice] = accumulators[p + ACCUMULATOR.price];
    f[b + BAR.closeTime] = timeMs;
    f[b + BAR.closeSequenceLow] = accumulators[p + ACCUMULATOR.sequenceLow] >>> 0;
    f[b + BAR.coveredSeconds] = f[a + BAR.coveredSeconds] + ticks - accumulators[p + ACCUMULATOR.sameSecond];
    f[b + BAR.lastSeenAt] = timeMs;
    f[b + BAR.longestSilenceMs] = accumulators[p + ACCUMULATOR.longestSilenceMs];
    f[to + SLOT.sessionSum] = f[from + SLOT.sessionSum] + priceSums[(p >> 1) + ACCUMULATOR_PRICE_SUM];
    f[to + SLOT.sessionHigh] = Math.max(f[from + SLOT.sessionHigh], accumulators[p + ACCUMULATOR.high]);
    f[to + SLOT.sessionLow] = Math.min(f[from + SLOT.sessionLow], accumulators[p + ACCUMULATOR.low]);
    f[to + SLOT.ticks] = f[from + SLOT.ticks] + ticks;
    f[to + SLOT.lastTime] = timeMs;
    f[to + SLOT.lastPrice] = accumulators[p + ACCUMULATOR.price];
    f[to + SLOT.lastSequenceLow] = accumulators[p + ACCUMULATOR.sequenceLow] >>> 0;
    f[to + SLOT.lastTickTime] = Math.max(f[from + SLOT.lastTickTime], timeMs);
    accumulators[p + ACCUMULATOR.counts] = 0;
    accumulators[p + ACCUMULATOR.sameSecond] = 0;
    priceSums[(p >> 1) + ACCUMULATOR_PRICE_SUM] = 0;
  }

  #markOpen(row: number): void {
    const openRows = this.#openRows;
    openRows[this.#openCount++] = row;
  }

  /** Double index of the valid (0) or idle (1) slot. */
  #slot(row: number, which: number): number {
    const { i32, versions } = this.memory;
    return this.memory.slotOf(row, (i32[versions + row] + which) & 1);
  }

  #copyValidSlot(row: number): number {
    const { f64 } = this.memory;
    const { openSlots } = this;
    const valid = this.#slot(row, 0);
    const idle = this.#slot(row, 1);
    f64.copyWithin(idle, valid, valid + SLOT.size);
    openSlots[row] = idle;
    return idle;
  }

  #commitRow(row: number, cursor: number): void {
    const { f64, i32, versions } = this.memory;
    const { openSlots } = this;
    // A repeated batch may be shorter than the first time.
    if (!this.includes(openSlots[row], cursor)) f64[openSlots[row] + SLOT.cursor] = cursor;
    Atomics.store(i32, versions + row, (i32[versions + row] + 1) | 0);
    openSlots[row] = 0;
  }
}
