/**
 * What the rows of a shard have added up since they were last flushed: private memory of its thread. The loops in
 * `apply-ticks.ts` and `apply-volumes.ts` fill it, and `RowWriter` flushes it into slots.
 */
import type { ShardMemory } from '../../memory/layout.js';

/** Added to minute starts to keep them above 0: no admitted time lies so long before bar 0. */
export const ACCUMULATOR_BASE_MS = 0x40000000;
/** A greater number does not fit into an accumulator's word. */
export const MAX_WORD = 0x7fffffff;

export abstract class Accumulators {
  readonly memory: ShardMemory;
  readonly words: Int32Array;
  /** Rows that accumulated in this batch; twice if flushed between. */
  readonly rows: Int32Array;
  count = 0;
  /** Words of a row, as a shift; and which of them is the minute's start, 0 where no record is ordinary. */
  readonly #shift: number;
  readonly #minuteStart: number;

  constructor(memory: ShardMemory, shift: number, minuteStart: number) {
    this.memory = memory;
    this.#shift = shift;
    this.#minuteStart = minuteStart;
    this.words = new Int32Array(memory.shape.rows << shift);
    this.rows = new Int32Array(2 * memory.shape.rows);
  }

  /** True if the row has nothing to flush. */
  abstract isEmpty(row: number): boolean;

  /** Sets which records are ordinary for the loaded bar of slot `s`, if any. The row must be empty. */
  abstract start(row: number, s: number): void;

  /**
   * Sets slot `to` to slot `from` plus what the row accumulated, then clears that. All other fields must already be
   * equal.
   */
  abstract add(row: number, from: number, to: number): void;

  /** Makes no record ordinary, after a seal or on another connection. All rows must be empty. */
  stop(): void {
    const { words } = this;
    for (let p = this.#minuteStart; p < words.length; p += 1 << this.#shift) words[p] = 0;
  }
}
