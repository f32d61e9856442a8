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
 * `fast/` adds up ordinary packets in the row's accumulator, private to this thread. It is
 * flushed into the idle slot before any other record of the row, and at the batch's end. A thread that dies loses it,
 * and its successor repeats the batch.
 */
import { SHARD, SLOT, type ShardMemory } from '../memory/layout.js';
import { TickAccumulators } from './fast/tick-accumulators.js';
import { VolumeAccumulators } from './fast/volume-accumulators.js';

/** Counts a change of sealed candles, and wakes the threads that wait. */
export function signalChange({ i32 }: ShardMemory): void {
  Atomics.store(i32, SHARD.changes, i32[SHARD.changes] + 1);
  Atomics.notify(i32, SHARD.changes);
}

export class RowWriter {
  readonly memory: ShardMemory;
  /** Double index of each row's open slot; 0: not open. */
  readonly openSlots: Int32Array;
  readonly accumulators: TickAccumulators | VolumeAccumulators;
  /** Rows may already include records that an earlier thread began. */
  repeating = false;
  /** An open slot has a tick of a sealed minute: the commit must signal a change. */
  hasLateTick = false;
  readonly #openRows: Int32Array;
  #openCount = 0;
  /** 1: the row's slots differ only in what an accumulator sets, so opening it needs no copy. */
  readonly #twins: Uint8Array;

  constructor(memory: ShardMemory) {
    this.memory = memory;
    const { rows } = memory.shape;
    this.openSlots = new Int32Array(rows);
    this.#openRows = new Int32Array(rows);
    this.accumulators = memory.shape.hasVolume
      ? new VolumeAccumulators(memory)
      : new TickAccumulators(memory);
    this.#twins = new Uint8Array(rows);
  }

  /** Prepares to accumulate, with room for every row. */
  prepareToAccumulate(): void {
    if (this.accumulators.count > this.memory.shape.rows) this.#flushAll();
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
    if (!accumulators.isEmpty(row)) accumulators.add(row, s, s);
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

  /** Sets which records are ordinary for the loaded bar of slot `s`, if any. The row's accumulator must be flushed. */
  startAccumulating(row: number, s: number): void {
    if (!this.repeating) this.accumulators.start(row, s);
  }

  /** Makes no record ordinary, after a seal. All accumulators must be flushed. */
  stopAccumulating(): void {
    this.accumulators.stop();
  }

  #flushAll(): void {
    const { accumulators } = this;
    for (let k = 0; k < accumulators.count; k++) this.#flush(accumulators.rows[k]);
    accumulators.count = 0;
  }

  /** Adds the row's accumulator to its open slot, opened if needed. */
  #flush(row: number): void {
    const { openSlots, accumulators } = this;
    const twins = this.#twins;
    if (accumulators.isEmpty(row)) return;
    if (openSlots[row] !== 0) accumulators.add(row, openSlots[row], openSlots[row]);
    else {
      this.#markOpen(row);
      if (twins[row] === 1) {
        openSlots[row] = this.#slot(row, 1);
        accumulators.add(row, this.#slot(row, 0), openSlots[row]);
      } else {
        this.#copyValidSlot(row);
        accumulators.add(row, openSlots[row], openSlots[row]);
        twins[row] = 1;
      }
    }
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
