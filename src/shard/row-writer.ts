/**
 * Drafts: what a batch of records makes of the shard's rows before others see it.
 *
 * A row has two slots, and its version says which is valid. The first record of a batch that concerns a row copies the valid slot into the idle
 * one, its draft; that record and the next change the draft; when the batch is over, one atomic store of the version shows it. A slot
 * names the last record that is in it. So a thread may die at any store: the next one begins the batch again, and passes over what a row that
 * was shown has already.
 *
 * Ordinary ticks of LTP mode do not change the draft one by one: `shard/fast/tick-accumulator.ts` adds them up in the row's run, and the run becomes part of the draft when the next record
 * that is not ordinary asks for it, or when the batch is over. Runs are this thread's own; one that dies takes nothing along but its batch.
 *
 * A draft changes one bar beside the slot's own: the bar that was in the valid slot is copied home, where nobody reads it until the draft is
 * shown. A record that needs yet another bar has the row shown first (`renew`).
 */
import { MINUTE_MS } from '../market/session.js';
import { BAR, SHARD, SLOT, STATIC, type ShardMemory } from '../memory/layout.js';

/**
 * A row's run, in 32-bit words from its start, one line of the cache: what its ordinary ticks since the row was looked at made of its bar. First what
 * an ordinary tick is measured by, then what the run adds to the draft.
 */
export const ACCUMULATOR = {
  /** From when on the minute at hand is, where it is unsealed and has a tick: ms from the start of bar 0, and RUN_BASE. 0: no tick is ordinary. */
  minuteStart: 0,
  /** Time (ms as above), sequence (its high word is 0) and price of the last packet, which is the bar's close, and came on the drafts' connection. */
  time: 1,
  sequenceLow: 2,
  price: 3,
  /** Of the bar, the run included. */
  high: 4,
  low: 5,
  longestSilenceMs: 6,
  /** Of the run alone, 0 where it is empty: its ticks, and from RUN_UNCHANGED on how many of them had the price of the one before. */
  counts: 7,
  /** How many of them had its time. */
  sameTime: 8,
} as const;
/** Where the second of two counts in a word is, as a shift. */
export const ACCUMULATOR_UNCHANGED_SHIFT = 16;
const ACCUMULATOR_TICKS_MASK = (1 << ACCUMULATOR_UNCHANGED_SHIFT) - 1;
/** Ticks of a run at most: neither count reaches the highest bit of its half. */
export const MAX_ACCUMULATED_TICKS = ACCUMULATOR_TICKS_MASK >> 1;
/** Words from one row's run to the next, as a shift. */
export const ACCUMULATOR_SHIFT = 4;
/** Where the sum of the run's prices is, a double, in doubles from the run's start. */
export const ACCUMULATOR_PRICE_SUM = 7;

/** More than any admitted time is before the start of bar 0, ms. */
export const ACCUMULATOR_BASE_MS = 0x40000000;
/** A price beyond this is no run's: it is `FLAG.wide`. */
const MAX_ACCUMULATED_PRICE = 0x7fffffff;

/**
 * A session's sum of prices beyond this leaves no room for a run: up to 2^53 the order in which prices are added makes no difference. It is looked at once a
 * minute at least, and two million ticks of the highest price fit between.
 */
const MAX_PRICE_SUM = 2 ** 52;

/** Counts a change of what is sealed, and wakes those that wait for one. */
export function signalChange({ i32 }: ShardMemory): void {
  Atomics.store(i32, SHARD.changes, i32[SHARD.changes] + 1);
  Atomics.notify(i32, SHARD.changes);
}

export class RowWriter {
  readonly memory: ShardMemory;
  /** Double index of each row's draft; 0 where there is none. */
  readonly openSlots: Int32Array;
  /** The rows' runs by their words, and by their sums. */
  readonly accumulators: Int32Array;
  readonly priceSums: Float64Array;
  /** Whether records may be in their rows already: those that a thread before this one had begun. */
  repeating = false;
  /** Whether a tick of a sealed minute is in a draft: the writer must look again when it is shown. */
  hasLateTick = false;
  /** The connection of those rows' last packets of which ticks may be ordinary. */
  connection = 0;
  readonly #openRows: Int32Array;
  #openCount = 0;
  /** Rows whose runs began in this batch, and how many; one whose run was put into its draft meanwhile may be there twice. */
  readonly accumulatingRows: Int32Array;
  accumulatingCount = 0;
  /** 1 where a row's idle slot differs from the valid one in nothing but what a run changes. */
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

  /** Makes ready for ticks of a connection: there is room in `running` for each row. */
  useConnection(connection: number): void {
    if (connection !== this.connection) {
      this.#flushAll();
      this.stopAccumulating();
      this.connection = connection;
    } else if (this.accumulatingCount > this.memory.shape.rows) this.#flushAll();
  }

  /** Begins the row's draft unless it has one, and puts its run into it, for a record that may change anything of it. Returns the draft's double index. */
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

  /** Shows the row's draft, which holds its records up to `cursor`, and begins another. Returns its double index. */
  reopen(row: number, cursor: number): number {
    this.#commitRow(row, cursor);
    return this.#copyValidSlot(row);
  }

  /** Shows all drafts, which hold all records up to `cursor`. */
  commit(cursor: number): void {
    this.#flushAll();
    const openRows = this.#openRows;
    for (let k = 0; k < this.#openCount; k++) this.#commitRow(openRows[k], cursor);
    this.#openCount = 0;
    if (!this.hasLateTick) return;
    this.hasLateTick = false;
    signalChange(this.memory);
  }

  /** Whether the row's record at `cursor`, and so all before it, is in draft `s` already. */
  includes(s: number, cursor: number): boolean {
    const { f64, shape } = this.memory;
    // A row that never had a record has NaN, which equals nothing.
    return (
      this.repeating &&
      f64[s + SLOT.cursor] === f64[s + SLOT.cursor] &&
      (f64[s + SLOT.cursor] - cursor) >>> 0 < shape.slots
    );
  }

  /** Looks at the bar at hand of draft `s`: which ticks are ordinary for it. The row's run is in the draft. */
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
    // What is not yet the same becomes it with the next tick that is newer than all before it.
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

  /** No tick is ordinary until its row was looked at: minutes were sealed. All runs are in their drafts. */
  stopAccumulating(): void {
    const { accumulators } = this;
    for (let p = ACCUMULATOR.minuteStart; p < accumulators.length; p += 1 << ACCUMULATOR_SHIFT)
      accumulators[p] = 0;
  }

  /** Puts all runs into their drafts. */
  #flushAll(): void {
    const { accumulatingRows } = this;
    for (let k = 0; k < this.accumulatingCount; k++) this.#flush(accumulatingRows[k]);
    this.accumulatingCount = 0;
  }

  /** Puts the row's run into its draft, which is begun when there is none. */
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

  /** Makes slot `to` what slot `from` is with the row's run. Whatever else is in them is the same already. */
  #addAccumulated(row: number, from: number, to: number): void {
    const f = this.memory.f64;
    const { accumulators, priceSums } = this;
    const p = row << ACCUMULATOR_SHIFT;
    const [a, b] = [from + SLOT.bar, to + SLOT.bar];
    const counts = accumulators[p + ACCUMULATOR.counts];
    const ticks = counts & ACCUMULATOR_TICKS_MASK;
    const timeMs = f[this.memory.statics + STATIC.originMs] + accumulators[p + ACCUMULATOR.time];
    f[b + BAR.ticks] = f[a + BAR.ticks] + ticks;
    // A tick is the volume here, so it stays as far below what a double holds as their number does.
    f[b + BAR.volume] = f[a + BAR.volume] + ticks;
    f[b + BAR.high] = accumulators[p + ACCUMULATOR.high];
    f[b + BAR.low] = accumulators[p + ACCUMULATOR.low];
    f[b + BAR.close] = accumulators[p + ACCUMULATOR.price];
    f[b + BAR.priceChanges] = f[a + BAR.priceChanges] + ticks - (counts >>> ACCUMULATOR_UNCHANGED_SHIFT);
    f[b + BAR.lastPrice] = accumulators[p + ACCUMULATOR.price];
    f[b + BAR.closeTime] = timeMs;
    f[b + BAR.closeSequenceLow] = accumulators[p + ACCUMULATOR.sequenceLow] >>> 0;
    f[b + BAR.coveredSeconds] = f[a + BAR.coveredSeconds] + ticks - accumulators[p + ACCUMULATOR.sameTime];
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
    accumulators[p + ACCUMULATOR.sameTime] = 0;
    priceSums[(p >> 1) + ACCUMULATOR_PRICE_SUM] = 0;
  }

  #markOpen(row: number): void {
    const openRows = this.#openRows;
    openRows[this.#openCount++] = row;
  }

  /** Double index of the row's valid slot (0) or of the idle one (1). */
  #slot(row: number, which: number): number {
    const { i32, versions } = this.memory;
    return this.memory.slotOf(row, (i32[versions + row] + which) & 1);
  }

  #copyValidSlot(row: number): number {
    const { f64 } = this.memory;
    const { openSlots } = this;
    const valid = this.#slot(row, 0);
    const draft = this.#slot(row, 1);
    f64.copyWithin(draft, valid, valid + SLOT.size);
    openSlots[row] = draft;
    return draft;
  }

  #commitRow(row: number, cursor: number): void {
    const { f64, i32, versions } = this.memory;
    const { openSlots } = this;
    // A batch that is begun again may be shorter than it was.
    if (!this.includes(openSlots[row], cursor)) f64[openSlots[row] + SLOT.cursor] = cursor;
    Atomics.store(i32, versions + row, (i32[versions + row] + 1) | 0);
    openSlots[row] = 0;
  }
}
