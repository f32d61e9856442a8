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
export const RUN = {
  /** From when on the minute at hand is, where it is unsealed and has a tick: ms from the start of bar 0, and RUN_BASE. 0: no tick is ordinary. */
  from: 0,
  /** Time (ms as above), sequence (its high word is 0) and price of the last packet, which is the bar's close, and came on the drafts' connection. */
  time: 1,
  sequenceLow: 2,
  price: 3,
  /** Of the bar, the run included. */
  highest: 4,
  lowest: 5,
  silence: 6,
  /** Of the run alone, 0 where it is empty: its ticks, and from RUN_UNCHANGED on how many of them had the price of the one before. */
  counts: 7,
  /** How many of them had its time. */
  unheard: 8,
} as const;
/** Where the second of two counts in a word is, as a shift. */
export const RUN_UNCHANGED = 16;
const RUN_TICKS = (1 << RUN_UNCHANGED) - 1;
/** Ticks of a run at most: neither count reaches the highest bit of its half. */
export const MOST_RUN = RUN_TICKS >> 1;
/** Words from one row's run to the next, as a shift. */
export const RUN_SHIFT = 4;
/** Where the sum of the run's prices is, a double, in doubles from the run's start. */
export const RUN_SUM = 7;

/** More than any admitted time is before the start of bar 0, ms. */
export const RUN_BASE = 0x40000000;
/** A price beyond this is no run's: it is `FLAG.wide`. */
const MOST_PRICE = 0x7fffffff;

/**
 * A session's sum of prices beyond this leaves no room for a run: up to 2^53 the order in which prices are added makes no difference. It is looked at once a
 * minute at least, and two million ticks of the highest price fit between.
 */
const MOST_SUM = 2 ** 52;

/** Counts a change of what is sealed, and wakes those that wait for one. */
export function signalChange({ i32 }: ShardMemory): void {
  Atomics.store(i32, SHARD.changes, i32[SHARD.changes] + 1);
  Atomics.notify(i32, SHARD.changes);
}

export class RowWriter {
  readonly memory: ShardMemory;
  /** Double index of each row's draft; 0 where there is none. */
  readonly slots: Int32Array;
  /** The rows' runs by their words, and by their sums. */
  readonly runs: Int32Array;
  readonly sums: Float64Array;
  /** Whether records may be in their rows already: those that a thread before this one had begun. */
  repeating = false;
  /** Whether a tick of a sealed minute is in a draft: the writer must look again when it is shown. */
  late = false;
  /** The connection of those rows' last packets of which ticks may be ordinary. */
  connection = 0;
  readonly #rows: Int32Array;
  #count = 0;
  /** Rows whose runs began in this batch, and how many; one whose run was put into its draft meanwhile may be there twice. */
  readonly running: Int32Array;
  runningCount = 0;
  /** 1 where a row's idle slot differs from the valid one in nothing but what a run changes. */
  readonly #twins: Uint8Array;

  constructor(memory: ShardMemory) {
    this.memory = memory;
    const { rows } = memory.shape;
    this.slots = new Int32Array(rows);
    this.#rows = new Int32Array(rows);
    this.runs = new Int32Array(rows << RUN_SHIFT);
    this.sums = new Float64Array(this.runs.buffer);
    this.#twins = new Uint8Array(rows);
    this.running = new Int32Array(2 * rows);
  }

  /** Makes ready for ticks of a connection: there is room in `running` for each row. */
  expect(connection: number): void {
    if (connection !== this.connection) {
      this.#draftRuns();
      this.forget();
      this.connection = connection;
    } else if (this.runningCount > this.memory.shape.rows) this.#draftRuns();
  }

  /** Begins the row's draft unless it has one, and puts its run into it, for a record that may change anything of it. Returns the draft's double index. */
  of(row: number): number {
    const { slots, runs } = this;
    const twins = this.#twins;
    twins[row] = 0;
    let s = slots[row];
    if (s === 0) {
      this.#note(row);
      s = this.#copy(row);
    }
    if (runs[(row << RUN_SHIFT) + RUN.counts] > 0) this.#add(row, s, s);
    return s;
  }

  /** Shows the row's draft, which holds its records up to `cursor`, and begins another. Returns its double index. */
  renew(row: number, cursor: number): number {
    this.#show(row, cursor);
    return this.#copy(row);
  }

  /** Shows all drafts, which hold all records up to `cursor`. */
  show(cursor: number): void {
    this.#draftRuns();
    const rows = this.#rows;
    for (let k = 0; k < this.#count; k++) this.#show(rows[k], cursor);
    this.#count = 0;
    if (!this.late) return;
    this.late = false;
    signalChange(this.memory);
  }

  /** Whether the row's record at `cursor`, and so all before it, is in draft `s` already. */
  has(s: number, cursor: number): boolean {
    const { f64, shape } = this.memory;
    // A row that never had a record has NaN, which equals nothing.
    return (
      this.repeating &&
      f64[s + SLOT.cursor] === f64[s + SLOT.cursor] &&
      (f64[s + SLOT.cursor] - cursor) >>> 0 < shape.slots
    );
  }

  /** Looks at the bar at hand of draft `s`: which ticks are ordinary for it. The row's run is in the draft. */
  look(row: number, s: number): void {
    const m = this.memory;
    const f = m.f64;
    const { runs } = this;
    const p = row << RUN_SHIFT;
    const b = s + SLOT.bar;
    const bar = f[s + SLOT.barIndex];
    runs[p + RUN.from] = 0;
    if (
      this.repeating ||
      bar < 0 ||
      bar === m.shape.bars - 1 ||
      bar <= m.i32[SHARD.sealed] ||
      f[b + BAR.ticks] === 0 ||
      f[b + BAR.high] > MOST_PRICE ||
      f[s + SLOT.sessionSum] > MOST_SUM
    )
      return;
    // What is not yet the same becomes it with the next tick that is newer than all before it.
    if (
      f[b + BAR.heardAt] !== f[b + BAR.closeTime] ||
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
    runs[p + RUN.from] = RUN_BASE + bar * MINUTE_MS;
    runs[p + RUN.time] = f[b + BAR.closeTime] - f[m.statics + STATIC.originMs];
    runs[p + RUN.sequenceLow] = f[b + BAR.closeSequenceLow];
    runs[p + RUN.price] = f[b + BAR.close];
    runs[p + RUN.highest] = f[b + BAR.high];
    runs[p + RUN.lowest] = f[b + BAR.low];
    runs[p + RUN.silence] = f[b + BAR.longestSilence];
  }

  /** No tick is ordinary until its row was looked at: minutes were sealed. All runs are in their drafts. */
  forget(): void {
    const { runs } = this;
    for (let p = RUN.from; p < runs.length; p += 1 << RUN_SHIFT) runs[p] = 0;
  }

  /** Puts all runs into their drafts. */
  #draftRuns(): void {
    const { running } = this;
    for (let k = 0; k < this.runningCount; k++) this.#draftRun(running[k]);
    this.runningCount = 0;
  }

  /** Puts the row's run into its draft, which is begun when there is none. */
  #draftRun(row: number): void {
    const { slots, runs } = this;
    const twins = this.#twins;
    if (runs[(row << RUN_SHIFT) + RUN.counts] === 0) return;
    if (slots[row] !== 0) this.#add(row, slots[row], slots[row]);
    else {
      this.#note(row);
      if (twins[row] === 1) {
        slots[row] = this.#slot(row, 1);
        this.#add(row, this.#slot(row, 0), slots[row]);
      } else {
        this.#copy(row);
        this.#add(row, slots[row], slots[row]);
        twins[row] = 1;
      }
    }
  }

  /** Makes slot `to` what slot `from` is with the row's run. Whatever else is in them is the same already. */
  #add(row: number, from: number, to: number): void {
    const f = this.memory.f64;
    const { runs, sums } = this;
    const p = row << RUN_SHIFT;
    const [a, b] = [from + SLOT.bar, to + SLOT.bar];
    const counts = runs[p + RUN.counts];
    const ticks = counts & RUN_TICKS;
    const timeMs = f[this.memory.statics + STATIC.originMs] + runs[p + RUN.time];
    f[b + BAR.ticks] = f[a + BAR.ticks] + ticks;
    // A tick is the volume here, so it stays as far below what a double holds as their number does.
    f[b + BAR.volume] = f[a + BAR.volume] + ticks;
    f[b + BAR.high] = runs[p + RUN.highest];
    f[b + BAR.low] = runs[p + RUN.lowest];
    f[b + BAR.close] = runs[p + RUN.price];
    f[b + BAR.priceChanges] = f[a + BAR.priceChanges] + ticks - (counts >>> RUN_UNCHANGED);
    f[b + BAR.lastPrice] = runs[p + RUN.price];
    f[b + BAR.closeTime] = timeMs;
    f[b + BAR.closeSequenceLow] = runs[p + RUN.sequenceLow] >>> 0;
    f[b + BAR.heardSeconds] = f[a + BAR.heardSeconds] + ticks - runs[p + RUN.unheard];
    f[b + BAR.heardAt] = timeMs;
    f[b + BAR.longestSilence] = runs[p + RUN.silence];
    f[to + SLOT.sessionSum] = f[from + SLOT.sessionSum] + sums[(p >> 1) + RUN_SUM];
    f[to + SLOT.sessionHigh] = Math.max(f[from + SLOT.sessionHigh], runs[p + RUN.highest]);
    f[to + SLOT.sessionLow] = Math.min(f[from + SLOT.sessionLow], runs[p + RUN.lowest]);
    f[to + SLOT.ticks] = f[from + SLOT.ticks] + ticks;
    f[to + SLOT.lastTime] = timeMs;
    f[to + SLOT.lastPrice] = runs[p + RUN.price];
    f[to + SLOT.lastSequenceLow] = runs[p + RUN.sequenceLow] >>> 0;
    f[to + SLOT.lastTickTime] = Math.max(f[from + SLOT.lastTickTime], timeMs);
    runs[p + RUN.counts] = 0;
    runs[p + RUN.unheard] = 0;
    sums[(p >> 1) + RUN_SUM] = 0;
  }

  #note(row: number): void {
    const rows = this.#rows;
    rows[this.#count++] = row;
  }

  /** Double index of the row's valid slot (0) or of the idle one (1). */
  #slot(row: number, which: number): number {
    const { i32, versions } = this.memory;
    return this.memory.slotOf(row, (i32[versions + row] + which) & 1);
  }

  #copy(row: number): number {
    const { f64 } = this.memory;
    const { slots } = this;
    const valid = this.#slot(row, 0);
    const draft = this.#slot(row, 1);
    f64.copyWithin(draft, valid, valid + SLOT.size);
    slots[row] = draft;
    return draft;
  }

  #show(row: number, cursor: number): void {
    const { f64, i32, versions } = this.memory;
    const { slots } = this;
    // A batch that is begun again may be shorter than it was.
    if (!this.has(slots[row], cursor)) f64[slots[row] + SLOT.cursor] = cursor;
    Atomics.store(i32, versions + row, (i32[versions + row] + 1) | 0);
    slots[row] = 0;
  }
}
